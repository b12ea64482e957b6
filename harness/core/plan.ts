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
  /** How long the shopper stays in a waiting room, from the click on; records of 0.1 before December 2026 lack it. */
  readonly queueMs?: number
}

/** `sigma`: standard deviation of the logarithm, 0.5 = two thirds of the times lie within a factor 1.65 of the median. */
export type ThinkTime =
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  | { readonly kind: 'log-normal'; readonly medianMs: number; readonly sigma: number }

/**
 * How arrivals fall around their rate. `balanced`: like Poisson within each stretch of `count` expected arrivals, and
 * exactly `count` of them there, so that a short step offers the load it is named after. `even`: one after the other at
 * equal distance (of expected arrivals). `replay`: at these times after second 0, whatever the curve says. `recorded`: the
 * same, but the times stay in the scenario's recording (a plan is small): those from `fromUs` after its first, `speed` times
 * as fast, for `lastsUs` of the replay.
 */
export type ArrivalProcess =
  | { readonly kind: 'poisson' }
  | { readonly kind: 'balanced'; readonly count: number }
  | { readonly kind: 'even' }
  | { readonly kind: 'replay'; readonly atUs: readonly number[] }
  | { readonly kind: 'recorded'; readonly fromUs: number; readonly lastsUs: number; readonly speed: number }

/** How shoppers' browsers talk to the shop. */
export type HttpPlan = {
  /** Everybody shares connections, or each shopper opens their own (handshakes are part of a surge). */
  readonly connections: 'shared' | 'per-shopper'
  readonly certificates: 'verified' | 'any'
  /** Redirects within the site that one attempt follows. */
  readonly redirects: number
  /** Longest wait in each phase; `null`: only the shopper's patience ends it. */
  readonly timeoutMs: Readonly<Record<'connect' | 'headers' | 'body', number | null>>
  /** A longer page is given up, as a failed check. */
  readonly maxBodyBytes: number
  /** Our own HTTP/1.1 client, or undici, to compare with. */
  readonly client: 'own' | 'undici'
}

export const DEFAULT_HTTP: HttpPlan = {
  connections: 'shared',
  certificates: 'verified',
  redirects: 10,
  timeoutMs: { connect: 10_000, headers: null, body: null },
  maxBodyBytes: 8 * 2 ** 20,
  client: 'own',
}

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
    /** Relative share of shoppers; at the peak it may be another (see `drift`). */
    readonly weight: number
    readonly peakWeight?: number
    readonly thinkTime: ThinkTime
  }[]
  /** Weights go from `weight` at this rate to `peakWeight` at the peak; absent: `weight` holds throughout. */
  readonly drift?: { readonly normalPerSec: number; readonly peakPerSec: number }
  /** Absent in records of 0.1 before December 2026: the defaults. */
  readonly http?: HttpPlan
  readonly patience: Patience
  /** Begin with the sessions that would be under way had this load been running for `fillSec` already; 0 = begin empty. */
  readonly fillSec: number
  readonly partition: { readonly index: number; readonly of: number }
  readonly limits: {
    readonly maxInFlight: number
    readonly maxPerSec: number
    /** The visits that end after the curve included. */
    readonly maxDurationSec: number
    /** Requests of the segment, redirects included: it ends when they are used up. Absent: no such ceiling. */
    readonly maxRequests?: number
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
