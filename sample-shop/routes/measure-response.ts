import { performance } from 'node:perf_hooks'
import type { RequestHandler, Response } from 'express'
import type { Spent } from '../data/database.ts'
import type { Telemetry } from '../telemetry.ts'

/** Routes of operations, not of shoppers. */
const UNCOUNTED: readonly string[] = ['/healthz', '/readyz', '/metrics']

const spentByResponse = new WeakMap<object, Spent>()

/** What the request behind this response has spent so far: handed to the database, read by `Server-Timing`. */
export function spentBy(response: Response): Spent {
  const spent = spentByResponse.get(response) ?? { poolMs: 0, dbMs: 0 }
  spentByResponse.set(response, spent)
  return spent
}

/**
 * Gives every response, errors included, its `Server-Timing` (ms): pool = waiting for a connection, db = waiting for
 * statements, app = the rest. Counts answers by route template, so that ids do not blow up the metrics.
 */
export function measureResponses(telemetry: Telemetry): RequestHandler {
  return (request, response, next) => {
    const startedAtMs = performance.now()
    const spent = spentBy(response)
    const writeHead = response.writeHead
    // The head is the last moment at which a header can be set, and the first at which the time is known.
    response.writeHead = function measured(this: Response, ...head: Parameters<typeof writeHead>) {
      const totalMs = performance.now() - startedAtMs
      const appMs = Math.max(0, totalMs - spent.poolMs - spent.dbMs)
      const ms = (value: number) => value.toFixed(2)
      this.setHeader(
        'Server-Timing',
        `pool;dur=${ms(spent.poolMs)}, db;dur=${ms(spent.dbMs)}, app;dur=${ms(appMs)}`,
      )
      const path: unknown = request.route?.path
      const route = typeof path === 'string' ? `${request.method} ${path}` : 'other'
      if (!UNCOUNTED.includes(request.path)) telemetry.answered(route, this.statusCode)
      return writeHead.apply(this, head)
    } as typeof writeHead
    next()
  }
}
