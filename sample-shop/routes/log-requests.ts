import { performance } from 'node:perf_hooks'
import type { Request, Response } from 'express'
import type { Spent } from '../data/database.ts'
import { identityOf } from './identify-requests.ts'
import type { Shop } from './shop.ts'

type Answer = {
  readonly request: Request
  readonly response: Response
  readonly route: string
  readonly totalMs: number
  readonly spent: Spent
}

export type LogAnswer = (answer: Answer) => void

/**
 * Logs requests as they are answered: all, those that failed, or none (`null`). No more than `logErrorsPerSec` failures
 * a second are logged, and how many were not: an overloaded shop must not spend its time on saying so. Never what a
 * shopper typed: path without query, no body, no cookie.
 */
export function logRequests({ config, log }: Pick<Shop, 'config' | 'log'>): LogAnswer | null {
  if (config.logRequests === 'none') return null
  const all = config.logRequests === 'all'
  let secondEndsMs = 0
  let failures = 0

  /** Failures not logged in the last second that had any; `null` when this one is not logged either. */
  function notLogged(): number | null {
    const nowMs = performance.now()
    let before = 0
    if (nowMs >= secondEndsMs) {
      before = Math.max(0, failures - config.logErrorsPerSec)
      secondEndsMs = nowMs + 1000
      failures = 0
    }
    failures++
    return failures > config.logErrorsPerSec ? null : before
  }

  return ({ request, response, route, totalMs, spent }) => {
    const failed = response.statusCode >= 500
    if (!failed && !all) return
    const unsaid = failed ? notLogged() : 0
    if (unsaid === null) return
    const { id, traceparent } = identityOf(response)
    const line = {
      request: id,
      ...(traceparent === null ? {} : { trace: traceparent.slice(3, 35) }),
      method: request.method,
      path: request.path,
      route,
      status: response.statusCode,
      totalMs: rounded(totalMs),
      queueMs: rounded(spent.queueMs),
      poolMs: rounded(spent.poolMs),
      dbMs: rounded(spent.dbMs),
      cacheMs: rounded(spent.cacheMs),
      ...(unsaid > 0 ? { failuresNotLogged: unsaid } : {}),
    }
    if (failed) log.warn(line, 'request')
    else log.info(line, 'request')
  }
}

const rounded = (ms: number) => Math.round(ms * 100) / 100
