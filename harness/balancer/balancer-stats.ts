/** What GET /stats answers: gauges, and counters since the start (a server's: since it was added). */
export type BalancerStats = {
  /** Requests at servers now. */
  readonly inFlight: number
  /** Requests waiting here for a place at a server. */
  readonly queued: number
  /** Requests accepted = responses + aborted + inFlight + queued. */
  readonly requests: number
  /** Answered by a server or by the balancer itself, or broken off half-way. */
  readonly responses: number
  /** Of the responses: status 500 and above (the balancer's own 502, 503, 504 included), and those broken off. */
  readonly errors: number
  /** The client went away first. */
  readonly aborted: number
  /** Arrival to end of the answer, over all responses. */
  readonly serviceMsSum: number
  /** Of that, the time requests were at servers. */
  readonly upstreamMsSum: number
  /** Connections that were upgraded (WebSocket) and are open now; the request itself counts as answered. */
  readonly tunnels: number
  readonly servers: readonly ServerStats[]
  /** Servers taken off the list that have requests left. */
  readonly draining: readonly { readonly name: string; readonly inFlight: number }[]
}

export type ServerStats = {
  readonly name: string
  readonly inFlight: number
  readonly tunnels: number
  readonly queued: number
  readonly requests: number
  readonly responses: number
  readonly errors: number
  readonly responseMsSum: number
  /** Times of the responses: value in µs, count, value, count … (`core/measure/histogram.ts`). */
  readonly responseTimes: readonly number[]
  /** Its share now, in proportion to the others'. */
  readonly weight: number
  /** `failing`: by the active checks; `out`: it refused a connection, or was ejected. */
  readonly state: 'up' | 'failing' | 'out'
  readonly ejections: number
}

/** The counters of the balancer as a whole. */
export type Counters = {
  inFlight: number
  requests: number
  responses: number
  errors: number
  aborted: number
  serviceMsSum: number
  upstreamMsSum: number
  tunnels: number
}

export function newCounters(): Counters {
  return {
    inFlight: 0,
    requests: 0,
    responses: 0,
    errors: 0,
    aborted: 0,
    serviceMsSum: 0,
    upstreamMsSum: 0,
    tunnels: 0,
  }
}
