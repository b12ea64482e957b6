import type { ShapeKind, Shopper, TopologyPatch } from '../scenario.ts'

/** A scenario as its author writes it: texts with units, read and validated by `readScenario`. */
export type ScenarioSpec = {
  /** Lower case with dashes: "black-friday". Names the run's folder. */
  readonly name: string
  /** What the rehearsal is to answer, in one sentence. */
  readonly question: string
  readonly traffic: TrafficSpec
  /** What changes with `--quick`. Default: half as long, 20 s at least. */
  readonly quick?: Partial<SurgeSpec>
  /** What journeys draw from, by name: `shopper.zipf('product')`, `shopper.unique('user')`. */
  readonly data?: Readonly<Record<string, DataSpec>>
  readonly shoppers: readonly JourneySpec[]
  /** Default: 3 s, one reload, 30 s in a waiting room (`queue`). */
  readonly patience?: { readonly timeout: string; readonly reloads: number; readonly queue?: string }
  readonly http?: HttpSpec
  /** Objectives for `all` clicks and for single routes ("POST /checkout"). */
  readonly slo: { readonly all: ObjectiveSpec } & Readonly<Record<string, ObjectiveSpec>>
  /** Rules that end a step or a surge while it runs: it has failed then. */
  readonly abortWhen?: readonly AbortRuleSpec[]
  /** Ceilings that no load of this scenario exceeds. */
  readonly limits?: LimitsSpec
  /**
   * `true` asserts that payments, mails and stock of the system are stubbed. Without it no POST is sent to a system that
   * Doorbuster did not start.
   */
  readonly sideEffectsStubbed?: boolean
  /** Headroom to keep above the peak (default "30%"), and the growth of the traffic ("8%/month"). */
  readonly forecast?: { readonly growth?: string; readonly keepHeadroom?: string }
  readonly topology?: TopologyPatch
  readonly invariants?: readonly InvariantSpec[]
  readonly alerts?: readonly []
  /** What happens to the system in the middle of a surge; undone when it is over. */
  readonly faults?: readonly FaultSpec[]
  readonly seed?: number
}

/** Rates in shoppers per second ("5/s"), the peak also as a factor on normal ("12x"), a length ("45s"). */
export type SurgeSpec = {
  readonly normal: string
  readonly peak: string
  readonly lasts: string
  /** "poisson" (default): by chance, as shoppers come; "even": at equal distance. */
  readonly arrivals?: 'poisson' | 'even'
}

/**
 * Arrivals that were written down, in `file` (as seen from the scenario, a million at most) or as `times` in seconds (less
 * than 50,000). The file has one time a line, in any order: seconds since any origin, or dates with their offset
 * ("2026-11-27T00:00:00.25+01:00"); its first line may be a header. Times in whole seconds arrive together, as they are
 * written.
 */
export type ReplaySpec = {
  readonly file?: string
  readonly times?: readonly number[]
  /** Second 0, that long after the first arrival of the file: "20h". Default: the first arrival. */
  readonly from?: string
  /** Length of the surge at most; default all, to the end of the last arrival's second. */
  readonly lasts?: string
  /** "60x": an hour in a minute. Reports then give rates, and neither durations nor losses. Default "1x". */
  readonly speed?: string
  /** What counts as normal; default the median rate in windows of 1 s to 10 s. */
  readonly normal?: string
  /** What counts as the peak; default the highest rate over 5 s. It changes neither who comes nor when. */
  readonly peak?: string
}
export type TrafficSpec =
  | (SurgeSpec & { readonly kind: ShapeKind })
  | (ReplaySpec & { readonly kind: 'replay' })

/** How shoppers' browsers talk to the shop. */
export type HttpSpec = {
  /** "per-shopper": each opens connections of their own, so that handshakes are part of the surge. Default "shared". */
  readonly connections?: 'shared' | 'per-shopper'
  /** "any" accepts certificates that nobody vouches for. Default "verified". */
  readonly certificates?: 'verified' | 'any'
  /** "keep": a redirect is the answer. Default "follow", within the site, ten times at most. */
  readonly redirects?: 'follow' | 'keep'
  /** Longest wait to connect (default "10s"), for the first byte and for the rest of an answer (default: patience). */
  readonly timeouts?: { readonly connect?: string; readonly headers?: string; readonly body?: string }
  /** A longer page is given up: "8MB". */
  readonly maxBody?: string
  readonly client?: 'own' | 'undici'
}

/** A source of values: made by `range`, `csv`, `json` or `generate`, or a list of at most 1,000,000 values. */
export type DataSpec = RangeSpec | FileSpec | GenerateSpec | readonly unknown[]
export type RangeSpec = { readonly from: number; readonly to: number }
export type FileSpec = { readonly kind: 'csv' | 'json'; readonly file: string }
export type GenerateSpec = {
  readonly kind: 'generate'
  readonly value: (n: number) => unknown
  readonly options: GenerateOptions
}
/** `count`: how many values there are, at most 1,000,000,000. Default: it never runs out. */
export type GenerateOptions = { readonly count?: number | undefined }

/** Upper bounds on the response times of clicks ("< 300ms") and on the share of failed ones ("< 1%"). */
export type ObjectiveSpec = {
  readonly p50?: string
  readonly p95?: string
  readonly p99?: string
  readonly errors?: string
}

/**
 * Bounds on the clicks of one route, or of `all`, over the last seconds: p95 "> 5s", errors "> 50%", for "10s" (default)
 * to "30s". At least one bound; a window with too few clicks breaks none.
 */
export type AbortRuleSpec = {
  readonly route: string
  readonly p50?: string
  readonly p95?: string
  readonly p99?: string
  readonly errors?: string
  readonly for?: string
}

/** `rate`: shoppers per second ("500/s"). `requests`: of one step or surge. `lasts`: length of one ("10min"). */
export type LimitsSpec = {
  readonly rate?: string
  readonly inFlight?: number
  readonly requests?: number
  readonly lasts?: string
}

/**
 * `weight`: relative share of shoppers, the same throughout or going with the load from one to another. `thinkTime`:
 * between clicks, "1s", "0.3s..2s", "exponential(2s)" (mean) or "log-normal(2s, 0.8)" (median, sigma of the logarithm).
 */
export type JourneyOptions = {
  readonly weight: number | { readonly normal: number; readonly peak: number }
  readonly thinkTime: string
}
export type JourneySpec = JourneyOptions & {
  readonly name: string
  readonly steps: (shopper: Shopper) => Promise<void>
}

/**
 * A rule of the books: a select statement that must find nothing once the load is over. `sampled`: during a surge, too,
 * every few seconds, the same statement (`true`) or what of it holds at any moment; then it cannot ask `ledger` and
 * `unknown`, which are filled when the surge is over.
 */
export type InvariantSpec = {
  readonly name: string
  readonly sql: string
  readonly expect: 'no rows'
  readonly sampled?: true | string
}

/**
 * One fault on the timeline of every surge (never of a step). `at`: "60%" of the surge's length, or "12s" after its start.
 * `for`: how long; without it until the surge is over. Targets are components: "app-2", "database", "balancer",
 * "replica-1"; one that today's topology does not have is refused.
 */
export type FaultSpec = { readonly at: string } & (
  | { readonly kill: string; readonly for?: string }
  | { readonly pause: string; readonly for: string }
  | { readonly restart: string }
  /** `to`: what is left of its CPU budget, "20%". */
  | { readonly slow: string; readonly to: string; readonly for?: string }
  | { readonly pauseReplay: string; readonly for?: string }
  /** `by`: how much later every answer reaches the app, "20ms". */
  | { readonly delay: 'database'; readonly by: string; readonly for?: string }
  /** `share` of the open connections at once, and of new ones meanwhile; default "100%". */
  | { readonly drop: 'database'; readonly share?: string; readonly for?: string }
  /** `leaving`: connections left for everybody else; default 0. */
  | { readonly fillConnections: 'database'; readonly leaving?: number; readonly for?: string }
)
