import type { RunCache, RunDatabase, RunPooler } from '../../core/result.ts'
import { formatPlural } from '../format.ts'

/** "PgBouncer, 20 connections shared by transaction", and with fixes which other; `null`: there was none in any arm. */
export function poolerWords(poolers: readonly RunPooler[] | undefined): string | null {
  return eachOf(poolers, ({ kind, poolMode, poolSize }) =>
    kind === 'none' ? null : `PgBouncer, ${poolSize} connections shared by ${poolMode}`,
  )
}

/** "Redis, at most 64 MB", and with fixes which other; `null`: there was none in any arm. */
export function cacheWords(caches: readonly RunCache[] | undefined): string | null {
  return eachOf(caches, ({ kind, memoryMb }) => (kind === 'none' ? null : `Redis, at most ${memoryMb} MB`))
}

/** "two read replicas, which show a commit 500 ms late; at most 112 MB of memory"; `null`: neither in any arm. */
export function databaseWords(databases: readonly RunDatabase[] | undefined): string | null {
  return eachOf(databases, ({ replicas, replicaApplyDelayMs, memoryMb }) => {
    const late = replicaApplyDelayMs > 0 ? `, which show a commit ${replicaApplyDelayMs} ms late` : ''
    const parts = [
      ...(replicas > 0 ? [`${formatPlural(replicas, 'read replica')}${late}`] : []),
      ...(memoryMb === null ? [] : [`at most ${memoryMb} MB of memory`]),
    ]
    return parts.length === 0 ? null : parts.join('; ')
  })
}

/** Today's first, then those of fixes. */
function eachOf<One>(all: readonly One[] | undefined, words: (one: One) => string | null): string | null {
  // Results made before December 2026 do not say.
  const [today = null, ...others] = (all ?? []).map(words)
  if (today === null && others.every((other) => other === null)) return null
  const more = others.length === 0 ? '' : `; with fixes: ${others.map((other) => other ?? 'none').join('; ')}`
  return `${today ?? 'none'}${more}`
}
