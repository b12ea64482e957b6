import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { ShopError } from '../domain/shop-error.ts'
import { openRedisLink, type RedisLink } from './redis-link.ts'
import type { SessionStore } from './session-store.ts'

/**
 * Sessions in Redis, where every instance finds them and Redis itself forgets those that expired. While it is away,
 * whoever brings a session is told so with a 503: nobody is signed out by it, and who brings none notices nothing.
 */
export function redisSessions(config: Config, log: Logger): SessionStore & { disconnect(): void } {
  const words = { lost: 'nobody can be signed in: sessions are away', back: 'sessions are back' }
  const link = openRedisLink(config, words, log)
  const shop = createHash('sha256').update(config.databaseUrl).digest('base64url').slice(0, 12)
  const keyOf = (tokenHash: Buffer) => `shop:${shop}:session:${tokenHash.toString('base64url')}`
  const ask: RedisLink['ask'] = (command) =>
    link.ask(command).catch((error: unknown) => {
      const message = 'The shop cannot look up who is signed in just now. Please try again in a moment.'
      throw new ShopError(503, 'sessions-unavailable', message, error)
    })
  return {
    async open(_connection, tokenHash, { id, email, name }, lastsMs) {
      const account = JSON.stringify({ id, email, name })
      await ask((redis) => redis.set(keyOf(tokenHash), account, 'PX', lastsMs))
    },
    async find(_connection, tokenHash) {
      const text = await ask((redis) => redis.get(keyOf(tokenHash)))
      return text === null ? null : JSON.parse(text)
    },
    async close(_connection, tokenHash) {
      await ask((redis) => redis.del(keyOf(tokenHash)))
    },
    // Redis does that by itself.
    async sweep() {},
    disconnect: link.close,
  }
}
