import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Counter } from 'prom-client'
import type { Config } from '../config.ts'
import type { Telemetry } from '../telemetry.ts'
import type { CacheStore } from './cache-store.ts'
import type { Spent } from './database.ts'
import { expireTogether } from './expire-together.ts'
import { openProcessStore } from './process-store.ts'
import { openRedisStore } from './redis-store.ts'

/** `fresh` when the database was asked for this very request. */
type Found<Facts> = { readonly facts: Facts; readonly fresh: boolean }

/** Keeps what the database said about a page, before anything is rendered. */
export type PageCache = {
  /** The facts kept under this key, or those that `find` finds, which are then kept. What `find` throws is not. */
  find<Facts>(page: string, key: string, spent: Spent, find: () => Promise<Facts>): Promise<Found<Facts>>
  close(): void
}

/** The cache that `SHOP_CACHE` asks for; `null` for none. */
export function openPageCache(config: Config, telemetry: Telemetry, log: Logger): PageCache | null {
  if (config.cache === 'none') return null
  const lifetimeMs = () =>
    config.flaws.has('cache-stampede') ? expireTogether(config.cacheTtlMs) : config.cacheTtlMs
  const store =
    config.cache === 'process'
      ? openProcessStore({ entries: config.cacheEntries, lifetimeMs })
      : openRedisStore(config, lifetimeMs, keyPrefix(config), log)
  return pageCacheIn(store, config, telemetry)
}

/** A page cache over this store. */
export function pageCacheIn(store: CacheStore, config: Config, telemetry: Telemetry): PageCache {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, registers: [telemetry.registry], labelNames: ['page'] as const })
  const hits = counter('shop_cache_hits_total', 'Pages whose facts were in the cache.')
  const misses = counter('shop_cache_misses_total', 'Pages whose facts the database was asked for.')
  const shared = counter(
    'shop_cache_shared_total',
    'Pages that waited for the facts another request asked for.',
  )
  const errors = counter('shop_cache_errors_total', 'Commands that the cache failed.')
  const flights = new Map<string, Promise<Found<unknown>>>()

  /** What the cache does not do in time, or at all, is done without it. */
  async function trying<T>(page: string, instead: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch {
      errors.inc({ page })
      return instead
    }
  }

  const get = (page: string, key: string) => trying(page, undefined, () => store.get(key))

  /** Waits until this instance may find the facts itself, or another one has found them (then these are returned). */
  async function takeLock(page: string, key: string): Promise<unknown> {
    const { lock } = store
    if (!lock) return undefined
    const giveUpAtMs = performance.now() + config.cacheLockMs
    while (!(await trying(page, true, () => lock(key)))) {
      if (performance.now() >= giveUpAtMs) return undefined
      await sleep(config.cachePollMs)
      const facts = await get(page, key)
      if (facts !== undefined) return facts
    }
    // Another instance may have kept them between our first look and the lock.
    return get(page, key)
  }

  /** The one recomputation of a key in this instance. Facts are handed on at once, and kept before the flight ends. */
  function fly<Facts>(page: string, key: string, find: () => Promise<Facts>): Promise<Found<Facts>> {
    const flight = (async (): Promise<Found<Facts>> => {
      const known = await takeLock(page, key)
      if (known !== undefined) return { facts: known as Facts, fresh: false }
      misses.inc({ page })
      return { facts: await find(), fresh: true }
    })()
    flights.set(key, flight)
    void flight
      .then(
        ({ facts, fresh }) => (fresh ? trying(page, undefined, () => store.set(key, facts)) : undefined),
        () => undefined,
      )
      .then(() => trying(page, undefined, async () => store.unlock?.(key)))
      .finally(() => flights.delete(key))
    return flight
  }

  return {
    async find<Facts>(page: string, name: string, spent: Spent, find: () => Promise<Facts>) {
      const key = `${page}:${name}`
      const askedAtMs = performance.now()
      let foundMs = 0
      const timed = async () => {
        const fromMs = performance.now()
        try {
          return await find()
        } finally {
          foundMs = performance.now() - fromMs
        }
      }
      try {
        const kept = await get(page, key)
        if (kept !== undefined) {
          hits.inc({ page })
          return { facts: kept as Facts, fresh: false }
        }
        if (config.singleFlight === 0) {
          misses.inc({ page })
          const facts = await timed()
          void trying(page, undefined, () => store.set(key, facts))
          return { facts, fresh: true }
        }
        const underWay = flights.get(key)
        if (!underWay) return await fly(page, key, timed)
        shared.inc({ page })
        return { facts: (await underWay).facts as Facts, fresh: false }
      } finally {
        // Waiting for the cache, or for the request that fills it; not what this request's own statements took.
        spent.cacheMs += performance.now() - askedAtMs - foundMs
      }
    },
    close: () => store.close(),
  }
}

/** Shops that would not show the same pages do not share them. */
function keyPrefix(config: Config): string {
  const { databaseUrl, homeProducts, categoryPage, searchResults, reviewsShown, relatedProducts } = config
  const { bestSellers, bestSellerOrders } = config
  const sameFor = [
    databaseUrl,
    homeProducts,
    categoryPage,
    searchResults,
    reviewsShown,
    relatedProducts,
    bestSellers,
    bestSellerOrders,
  ]
  const hash = createHash('sha256').update(JSON.stringify(sameFor)).digest('base64url')
  return `shop:${hash.slice(0, 12)}:`
}
