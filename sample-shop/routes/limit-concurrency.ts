import { performance } from 'node:perf_hooks'
import type { RequestHandler } from 'express'
import { Counter, Gauge } from 'prom-client'
import { boundedQueue } from '../domain/bounded-queue.ts'
import { RetryLater } from '../domain/retry-later.ts'
import { spentBy } from './measure-response.ts'
import type { Shop } from './shop.ts'

/**
 * Lets `maxConcurrent` requests in at a time. The others wait in line, and those for whom the line is too long or too
 * slow are told at once to come back (503, Retry-After): an answer nobody waits for any more is work wasted.
 */
export function limitConcurrency({ config, telemetry }: Pick<Shop, 'config' | 'telemetry'>): RequestHandler {
  const queue = boundedQueue({
    most: config.maxConcurrent,
    mostWaiting: config.queueLimit,
    longestWaitMs: config.queueTimeoutMs,
  })
  const registers = [telemetry.registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('shop_requests_inside', 'Requests being worked on.', queue.inside)
  gauge('shop_queue_waiting', 'Requests waiting in line.', queue.waiting)
  const queued = new Counter({ name: 'shop_queued_total', help: 'Requests that had to wait.', registers })
  const shed = new Counter({
    name: 'shop_shed_total',
    help: 'Requests turned away: the line was full, or took too long.',
    registers,
    labelNames: ['reason'] as const,
  })

  return async (_request, response, next) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const cameAtMs = performance.now()
    const entering = queue.enter(gone.signal)
    if (entering instanceof Promise) queued.inc()
    const entry = await entering
    spentBy(response).queueMs += performance.now() - cameAtMs
    if (entry === 'gone') return
    if (entry === 'full' || entry === 'timeout') {
      shed.inc({ reason: entry })
      const message = 'The shop is very busy. Please try again in a moment.'
      return next(new RetryLater(503, 'overloaded', message, config.retryAfterSec))
    }
    // 'close' comes after every answer, and when the shopper leaves before one.
    if (gone.signal.aborted) return entry.leave()
    response.once('close', entry.leave)
    next()
  }
}
