import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { CacheStore } from './cache-store.ts'

/** Only the instance that took the lock may give it back: it may have expired and be another's by now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

const LONGEST_RECONNECT_MS = 1000

/**
 * Keeps values in Redis, where all instances find them. Every command fails after `cacheTimeoutMs` at the latest;
 * after a failure Redis is left alone for `cachePauseMs`, so that a server that hangs costs one request that wait and
 * not every request.
 */
export function openRedisStore(config: Config, prefix: string, log: Logger): CacheStore {
  const me = randomUUID()
  let redis: Redis | null = null
  let closed = false
  let pausedUntilMs = 0
  let gone = false

  // Loaded only where it is used: a shop without Redis does not pay for its client.
  void import('ioredis').then(({ Redis }) => {
    if (closed) return
    redis = new Redis(config.redisUrl, {
      connectTimeout: Math.max(config.cacheTimeoutMs, 50),
      commandTimeout: config.cacheTimeoutMs,
      // A command that cannot be sent now is of no use later.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (times) => Math.min(50 * times, LONGEST_RECONNECT_MS),
    })
    redis.on('error', (error: Error) => lost(error))
    redis.on('ready', () => {
      if (gone) log.info('the cache is back')
      gone = false
      pausedUntilMs = 0
    })
  })

  /** Said once, however often it fails, until it is back. */
  function lost(error: unknown): void {
    pausedUntilMs = performance.now() + config.cachePauseMs
    if (gone || closed) return
    gone = true
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'going on without the cache')
  }

  async function ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (redis?.status !== 'ready' || performance.now() < pausedUntilMs) throw new CacheAbsent()
    try {
      const answer = await command(redis)
      // It only hung, so no connection was made anew.
      if (gone) log.info('the cache is back')
      gone = false
      return answer
    } catch (error) {
      lost(error)
      throw error
    }
  }

  return {
    async get(key) {
      const text = await ask((redis) => redis.get(`${prefix}${key}`))
      return text === null ? undefined : JSON.parse(text)
    },
    async set(key, value) {
      await ask((redis) => redis.set(`${prefix}${key}`, JSON.stringify(value), 'PX', config.cacheTtlMs))
    },
    lock: async (key) =>
      (await ask((redis) => redis.set(`${prefix}lock:${key}`, me, 'PX', config.cacheLockMs, 'NX'))) === 'OK',
    async unlock(key) {
      await ask((redis) => redis.eval(UNLOCK, 1, `${prefix}lock:${key}`, me))
    },
    close() {
      closed = true
      redis?.disconnect()
    },
  }
}

class CacheAbsent extends Error {}
