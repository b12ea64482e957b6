import { performance } from 'node:perf_hooks'
import type { RequestHandler, Response } from 'express'
import type { Spent } from '../data/database.ts'
import type { LogAnswer } from './log-requests.ts'
import type { Shop } from './shop.ts'

/** Routes of operations, not of shoppers. */
const UNCOUNTED: readonly string[] = ['/healthz', '/readyz', '/metrics']

const spentByResponse = new WeakMap<object, Spent>()

/** What the request behind this response has spent so far: handed to the database, read by `Server-Timing`. */
export function spentBy(response: Response): Spent {
  const spent = spentByResponse.get(response) ?? { queueMs: 0, poolMs: 0, dbMs: 0, cacheMs: 0 }
  spentByResponse.set(response, spent)
  return spent
}

/**
 * Gives every response, errors included, its `Server-Timing` (ms): pool = waiting for a connection, db = waiting for
 * statements, app = the rest; with a limit or a cache also queue = waiting in line, cache = waiting for the cache. Counts
 * answers by route template, so that ids do not blow up the metrics.
 */
export function measureResponses(
  { config, telemetry }: Pick<Shop, 'config' | 'telemetry'>,
  log: LogAnswer | null,
): RequestHandler {
  const [queues, caches] = [config.maxConcurrent > 0, config.cache !== 'none']
  return (request, response, next) => {
    const startedAtMs = performance.now()
    const spent = spentBy(response)
    const writeHead = response.writeHead
    // The head is the last moment at which a header can be set, and the first at which the time is known.
    response.writeHead = function measured(this: Response, ...head: Parameters<typeof writeHead>) {
      const totalMs = performance.now() - startedAtMs
      const appMs = Math.max(0, totalMs - spent.queueMs - spent.poolMs - spent.dbMs - spent.cacheMs)
      const ms = (value: number) => value.toFixed(2)
      const queue = queues ? `queue;dur=${ms(spent.queueMs)}, ` : ''
      const cache = caches ? `cache;dur=${ms(spent.cacheMs)}, ` : ''
      this.setHeader(
        'Server-Timing',
        `${queue}pool;dur=${ms(spent.poolMs)}, db;dur=${ms(spent.dbMs)}, ${cache}app;dur=${ms(appMs)}`,
      )
      const path: unknown = request.route?.path
      const route = typeof path === 'string' ? `${request.method} ${path}` : 'other'
      if (!UNCOUNTED.includes(request.path)) {
        telemetry.answered(route, this.statusCode)
        log?.({ request, response: this, route, totalMs, spent })
      }
      return writeHead.apply(this, head)
    } as typeof writeHead
    next()
  }
}
