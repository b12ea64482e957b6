import type { SegmentPurpose } from './record.ts'

/** A point of an arrival-rate curve; between points the rate runs linearly. */
export type RatePoint = { readonly atSec: number; readonly perSec: number }

/** A curve starts at 0 s, is sorted by time, and ends where the load ends. */
export type RateCurve = readonly RatePoint[]

export type Patience = {
  /** After this long without an answer the shopper gives the attempt up. */
  readonly timeoutMs: number
  /** How often the shopper then reloads before leaving. */
  readonly reloads: number
}

export type ThinkTime =
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'fixed'; readonly ms: number }

/**
 * How arrivals fall around their rate. `balanced`: like Poisson within each stretch of `count` expected arrivals, and
 * exactly `count` of them there, so that a short step offers the load it is named after.
 */
export type ArrivalProcess =
  | { readonly kind: 'poisson' }
  | { readonly kind: 'balanced'; readonly count: number }

/**
 * A LoadPlan is data and never depends on the topology: the same plan is the same surge. It is iterated, never
 * materialised: session i's random stream comes from (seed, i) alone, so n partitions send exactly what one would.
 */
export type LoadPlan = {
  readonly purpose: SegmentPurpose
  readonly seed: number
  /** Shoppers per second over the measured part. */
  readonly curve: RateCurve
  readonly arrivals: ArrivalProcess
  readonly scenarioPath: string
  readonly scenarioHash: string
  readonly journeys: readonly {
    readonly name: string
    readonly weight: number
    readonly thinkTime: ThinkTime
  }[]
  readonly patience: Patience
  /** Begin with the sessions that would be under way had this load been running for `fillSec` already; 0 = begin empty. */
  readonly fillSec: number
  readonly partition: { readonly index: number; readonly of: number }
  readonly limits: {
    readonly maxInFlight: number
    readonly maxPerSec: number
    readonly maxDurationSec: number
  }
  /**
   * After the last arrival: `finish` lets every session end by itself (a surge), `cut` stops at the end of the curve
   * and waits only for clicks that were under way (a step).
   */
  readonly ending: 'finish' | 'cut'
  /**
   * How long after the end of the curve clicks under way are waited for; then they count as `given-up`, slower than
   * any bound. Must be above the largest bound of the SLO, or clicks that still meet it would be lost.
   */
  readonly graceMs: number
}

/** Length of the measured part of a plan, in seconds. */
export function planDurationSec(plan: Pick<LoadPlan, 'curve'>): number {
  return plan.curve.at(-1)?.atSec ?? 0
}
