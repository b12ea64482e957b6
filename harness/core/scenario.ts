import type { Fault } from './faults/fault.ts'
import type { Feeder } from './feeder.ts'
import type { ArrivalProcess, HttpPlan, Patience, RateCurve, ThinkTime } from './plan.ts'
import type { Topology } from './topology.ts'
import type { Recording } from './traffic/recording.ts'

/**
 * What a journey does with: one shopper. Every call is one click; think time passes between clicks by itself.
 * A click that fails (after patience and reloads) ends the session: the promise never settles.
 */
export interface Shopper {
  get(path: string, params?: PathParams): Promise<Page>
  post(path: string, options?: PostOptions): Promise<Page>
  /** An entry of a data source, the first ones most often (Zipf, s = 1): of a range a number, of a CSV file a row. */
  // biome-ignore lint/suspicious/noExplicitAny: what a source holds the journey knows, and nobody else.
  zipf<T = any>(name: string): T
  /** An entry of a data source, each equally often. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  uniform<T = any>(name: string): T
  /**
   * Entries in turn: the first shopper of a surge or step begins with the first, the next with the second, and each
   * who asks again goes on from there. After the last entry comes the first again.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  next<T = any>(name: string): T
  /**
   * The shopper's own entry: no other shopper of the whole run gets it, and asking again gives the same. Every shopper
   * who comes has one, asked for or not, also those who came while a step filled: tens of thousands in a rehearsal. A
   * source with fewer ends the run as an invalid scenario.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  unique<T = any>(name: string): T
  /** One of a list, each equally often. Fails the click's session with a reason when the list is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: what is picked from a page's `json` is as untyped as the page.
  pick<T = any>(items: readonly T[]): T
  /** True with this probability. */
  chance(probability: number): boolean
  /** A random UUID from the session's own stream. */
  uuid(): string
  /** An order the shop acknowledged: feeds the ledger, the impact and the invariants. */
  ordered(order: { readonly id: string | number; readonly value: number; readonly currency: string }): void
  /** Fails the latest click (outcome `failed-check`) when the condition does not hold. */
  check(name: string, holds: boolean): void
}

export type PathParams = Readonly<Record<string, string | number>>

export type PostOptions = {
  readonly params?: PathParams
  readonly json?: unknown
  /** Idempotency key: sent as `Idempotency-Key`, which makes the request safe to reload. */
  readonly key?: string
}

/** A page as the shopper got it. `json` is the parsed body when the answer was JSON, else `undefined`. */
export type Page = {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: journeys read whatever their shop answers.
  readonly json: any
}

export type Journey = {
  readonly name: string
  /** Relative share of shoppers; weights need not add up to 100. */
  readonly weight: number
  /** The same at the peak; the weights go there with the load. */
  readonly peakWeight: number
  readonly thinkTime: ThinkTime
  readonly steps: (shopper: Shopper) => Promise<void>
}

/** The surge as a curve, with the words the reports use for it. */
export type Traffic = {
  readonly label: string
  /** What the curve was drawn from, so that `--set traffic.peak=2x` can draw it again. */
  readonly shape: TrafficShape
  readonly normalPerSec: number
  readonly peakPerSec: number
  readonly curve: RateCurve
  /** How shoppers come around the curve. */
  readonly arrivals: ArrivalProcess
}

/** The holiday surges that can be drawn; `core/traffic/shapes.ts` holds their outlines. */
export const SHAPE_KINDS = ['doors-open', 'flash-sale', 'sustained', 'constant'] as const
export type ShapeKind = (typeof SHAPE_KINDS)[number]

export type TrafficShape = DrawnShape | ReplayShape

export type DrawnShape = {
  readonly kind: ShapeKind
  readonly normalPerSec: number
  /** As it was written: a factor on normal ("12x") follows when normal changes, a rate ("60/s") does not. */
  readonly peak:
    | { readonly kind: 'factor'; readonly factor: number }
    | { readonly kind: 'rate'; readonly perSec: number }
  readonly lastsSec: number
  readonly arrivals: 'poisson' | 'even'
}

/** A window of arrivals that were written down. */
export type ReplayShape = {
  readonly kind: 'replay'
  readonly recording: Recording
  /** Second 0, in µs of the recording after its first arrival. */
  readonly fromUs: number
  /** Of the surge; of the recording it is `speed` times as long. */
  readonly lastsSec: number
  /** 1 = as it was, 60 = an hour in a minute. */
  readonly speed: number
  /** What the arrivals themselves say is `null`. */
  readonly normalPerSec: number | null
  readonly peak: DrawnShape['peak'] | null
}

/** Objectives by route ("GET /products/:id") or `all`. A click meets its objective when it is right and fast enough. */
export type Slo = Readonly<Record<string, Objective>>
export type Objective = {
  /** Upper bounds on response-time percentiles of clicks, ms. */
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
  /** Upper bound on the share of clicks not answered right, 0.01 = 1 %. */
  readonly errorRatio?: number
}

/** Ends a segment while it runs when its bound is broken over the last `overSec` seconds. */
export type AbortRule = { readonly route: string; readonly overSec: number; readonly objective: Objective }

/** Ceilings of the load that a scenario may ever cause, whatever a search asks for. */
export type LoadLimits = {
  /** Shoppers per second. */
  readonly maxPerSec: number
  readonly maxInFlight: number
  /** Requests of one segment, reloads and redirects included. */
  readonly maxRequests: number
  /** Length of a surge or a step, without the visits that end after it. */
  readonly maxDurationSec: number
}

export type Invariant = {
  readonly name: string
  readonly sql: string
  readonly expect: 'no rows'
  /** What of it must find no rows at any moment of a surge; `null`: it can only be asked when the surge is over. */
  readonly sampled: string | null
}

/** A scenario after validation: every text read, every default filled in. */
export type Scenario = {
  readonly name: string
  readonly question: string
  readonly traffic: Traffic
  /** The same surge, shortened for `--quick`. */
  readonly quickTraffic: Traffic
  /** What journeys draw from, by name. */
  readonly data: Readonly<Record<string, Feeder>>
  readonly shoppers: readonly Journey[]
  readonly patience: Patience
  readonly http: HttpPlan
  readonly slo: Slo
  readonly abortWhen: readonly AbortRule[]
  readonly limits: LoadLimits
  /** Payments, mails and stock of the system are stubbed: POSTs may go to one that Doorbuster did not start. */
  readonly sideEffectsStubbed: boolean
  readonly keepHeadroom: number
  readonly topology: TopologyPatch
  readonly invariants: readonly Invariant[]
  /** Done to the system in every surge, and undone when it is over. */
  readonly faults: readonly Fault[]
  readonly seed: number
}

/** Part of a topology: what a scenario or `--set` changes. */
export type TopologyPatch = { readonly [Part in keyof Topology]?: Partial<Topology[Part]> }
