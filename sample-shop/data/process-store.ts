import { performance } from 'node:perf_hooks'
import type { CacheStore } from './cache-store.ts'

type Entry = { readonly value: unknown; readonly keptUntilMs: number }

/**
 * Keeps values in this process, each for the `lifetimeMs` it is given when it is set: at most `entries` of them, the one
 * that nobody asked for longest goes first.
 */
export function openProcessStore(
  { entries, lifetimeMs }: { readonly entries: number; readonly lifetimeMs: () => number },
  nowMs: () => number = () => performance.now(),
): CacheStore {
  // A Map keeps the order of insertion: what is asked for is inserted again, so the first one is the least wanted.
  const kept = new Map<string, Entry>()
  return {
    async get(key) {
      const entry = kept.get(key)
      if (!entry) return undefined
      kept.delete(key)
      if (entry.keptUntilMs <= nowMs()) return undefined
      kept.set(key, entry)
      return entry.value
    },
    async set(key, value) {
      kept.delete(key)
      kept.set(key, { value, keptUntilMs: nowMs() + lifetimeMs() })
      if (kept.size <= entries) return
      for (const oldest of kept.keys()) {
        kept.delete(oldest)
        break
      }
    },
    close: () => kept.clear(),
  }
}
