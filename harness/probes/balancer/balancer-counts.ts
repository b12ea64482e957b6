/** What any balancer counts: gauges, and counters that only grow while it runs. */
export type BalancerCounts = {
  readonly inFlight: number
  readonly queued: number
  readonly requests: number
  readonly responses: number
  readonly errors: number
  /** Arrival to end of the answer, over the responses; and the part of it at servers. */
  readonly serviceMsSum: number
  readonly upstreamMsSum: number
  readonly servers: readonly ServerCounts[]
}

export type ServerCounts = {
  readonly name: string
  readonly inFlight: number
  readonly queued: number
  readonly requests: number
  readonly responses: number
  readonly errors: number
  readonly responseMsSum: number
  /** Times of the responses: value in µs, count, value, count … */
  readonly responseTimes: readonly number[]
}

/** Reads one kind of balancer. */
export type BalancerReader = {
  /** `null`: gone, too slow, or it speaks otherwise. Never rejects. */
  read(): Promise<BalancerCounts | null>
  close(): Promise<void>
}
