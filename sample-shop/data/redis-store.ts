import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { CacheStore } from './cache-store.ts'
import { openRedisLink } from './redis-link.ts'

/** Only the instance that took the lock may give it back: it may have expired and be another's by now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

/** Keeps values in Redis, where all instances find them. */
export function openRedisStore(
  config: Config,
  lifetimeMs: () => number,
  prefix: string,
  log: Logger,
): CacheStore {
  const me = randomUUID()
  const words = { lost: 'going on without the cache', back: 'the cache is back' }
  const { ask, close } = openRedisLink(config, words, log)
  return {
    async get(key) {
      const text = await ask((redis) => redis.get(`${prefix}${key}`))
      return text === null ? undefined : JSON.parse(text)
    },
    async set(key, value) {
      await ask((redis) => redis.set(`${prefix}${key}`, JSON.stringify(value), 'PX', lifetimeMs()))
    },
    lock: async (key) =>
      (await ask((redis) => redis.set(`${prefix}lock:${key}`, me, 'PX', config.cacheLockMs, 'NX'))) === 'OK',
    async unlock(key) {
      await ask((redis) => redis.eval(UNLOCK, 1, `${prefix}lock:${key}`, me))
    },
    close,
  }
}
