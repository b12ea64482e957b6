import { performance } from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'

const LONGEST_RECONNECT_MS = 1000

/** What the log says of Redis, each once, however many commands fail in between. */
type Words = { readonly lost: string; readonly back: string }

export type RedisLink = {
  /** Rejects with a RedisAbsent, without asking, while there is no connection or a failure was just now. */
  ask<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  close(): void
}

/**
 * A connection to Redis that is made again by itself. Every command fails after `cacheTimeoutMs` at the latest; after a
 * failure Redis is left alone for `cachePauseMs`, so that a server that hangs costs one request that wait and not every
 * request.
 */
export function openRedisLink(config: Config, words: Words, log: Logger): RedisLink {
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
      found()
      pausedUntilMs = 0
    })
  })

  function lost(error: unknown): void {
    pausedUntilMs = performance.now() + config.cachePauseMs
    if (gone || closed) return
    gone = true
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, words.lost)
  }

  function found(): void {
    if (gone) log.info(words.back)
    gone = false
  }

  return {
    async ask(command) {
      if (redis?.status !== 'ready' || performance.now() < pausedUntilMs) throw new RedisAbsent()
      try {
        const answer = await command(redis)
        // It only hung, so no connection was made anew.
        found()
        return answer
      } catch (error) {
        lost(error)
        throw error
      }
    },
    close() {
      closed = true
      redis?.disconnect()
    },
  }
}

class RedisAbsent extends Error {}
