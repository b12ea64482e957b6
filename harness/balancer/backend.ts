import { Pool } from 'undici'
import { type Histogram, newHistogram } from '../core/measure/histogram.ts'
import type { ServerEntry } from './config.ts'

/** One server, with its connections, its counters since it was added, and what is known of its health. */
export type Backend = {
  readonly name: string
  readonly url: string
  readonly pool: Pool
  /** Its share when it is well and warm. */
  fullWeight: number
  /** Its share now. */
  weight: number
  /** Requests and open tunnels: each takes a place. */
  inFlight: number
  /** Of those, connections that were upgraded (WebSocket). */
  tunnels: number
  /** Waiting for this server and no other (ip-hash only). */
  queued: number
  requests: number
  responses: number
  errors: number
  responseMsSum: number
  /** Of the responses, µs. */
  readonly responseTimes: Histogram
  /** By the active health checks. */
  healthy: boolean
  /** It refused a connection, or was ejected: no new requests before this. */
  outUntilMs: number
  /** Its share is full again at this. */
  warmAtMs: number
  /** Until then it counts among the ejected. */
  ejectedUntilMs: number
  ejections: number
  failuresInARow: number
  /** Ejections with no success in between. */
  ejectionsInARow: number
  /** Answers and failures since its error share was last looked at. */
  judged: number
  failed: number
}

export function newBackend({ name, url, weight }: ServerEntry): Backend {
  const pool = new Pool(url, {
    pipelining: 1,
    // A connection in the server's backlog is not a refusal: overload must show as waiting, as it would in production.
    connect: { timeout: 10_000 },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })
  return {
    name,
    url,
    pool,
    fullWeight: weight,
    weight,
    inFlight: 0,
    tunnels: 0,
    queued: 0,
    requests: 0,
    responses: 0,
    errors: 0,
    responseMsSum: 0,
    responseTimes: newHistogram(),
    healthy: true,
    outUntilMs: 0,
    warmAtMs: 0,
    ejectedUntilMs: 0,
    ejections: 0,
    failuresInARow: 0,
    ejectionsInARow: 0,
    judged: 0,
    failed: 0,
  }
}
