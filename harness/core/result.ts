import type { BottleneckClass } from './bottleneck.ts'
import type { FaultKindName } from './faults/fault.ts'
import type { FixStep } from './fixes/index.ts'
import type { DataFacts, HeaderLine, Isolation, Scope } from './record.ts'
import type {
  BalancerTopology,
  CacheTopology,
  DatabaseTopology,
  PoolerTopology,
  Topology,
} from './topology.ts'

/**
 * The opinions: what pure functions derive from a record. `result.json` and `--json` are these shapes (schema 1).
 * Fields a version does not compute are `null`, never missing and never made up.
 */
export const RESULT_SCHEMA = 1

/** An estimate with its 95 % interval. */
export type Estimate = { readonly estimate: number; readonly low: number; readonly high: number }

/** Between 5 % and 95 % of the readings, and the middle one. */
export type CoreSpeed = { readonly low: number; readonly median: number; readonly high: number }

/** `engine: 'none'`: shoppers reached the app directly. */
export type RunBalancer = Pick<BalancerTopology, 'engine' | 'algorithm'>
export type RunPooler = Pick<PoolerTopology, 'kind' | 'poolMode' | 'poolSize'>
export type RunCache = Pick<CacheTopology, 'kind' | 'memoryMb'>
/** `memoryMb` null: its memory is not limited. */
export type RunDatabase = Pick<DatabaseTopology, 'replicas' | 'replicaApplyDelayMs' | 'memoryMb'>

export type Common<Command extends string> = {
  readonly schema: typeof RESULT_SCHEMA
  readonly command: Command
  readonly run: string
  readonly scope: Scope
  readonly headline: string
  readonly exit: { readonly code: number; readonly meaning: string }
  readonly validity: {
    readonly trusted: boolean
    readonly reasons: readonly string[]
    readonly checks: readonly Check[]
  }
  readonly isolation: Isolation
  /** Speed of this machine's cores while it measured, relative to the cores that budgets are in; `null`: not followed. */
  readonly coreSpeed: CoreSpeed | null
  /** The balancers that ran, today's first; a fix may have put in another. Empty: the system was not started by us. */
  readonly balancers: readonly RunBalancer[]
  /** Likewise what stood between app and database, and the cache beside it; `kind: 'none'`: nothing. */
  readonly poolers: readonly RunPooler[]
  readonly caches: readonly RunCache[]
  /** Likewise the read replicas, and the memory, of the database. */
  readonly databases: readonly RunDatabase[]
  /** What the tables held and weighed after seeding; `null`: not known. */
  readonly data: DataFacts | null
  readonly notTested: readonly string[]
  /** Made with `--quick`: not for sign-off. */
  readonly quick: boolean
  /** The record ends before the command did (interrupted, killed). */
  readonly partial: boolean
  readonly elapsedSec: number
}

/** One validity check of a segment, or of the whole run. */
export type Check = {
  readonly name: string
  readonly segment: number | null
  readonly held: boolean
  readonly value: number
  readonly threshold: number
  readonly says: string
}

// ── one segment ────────────────────────────────────────────────────────────────────────────────────────────────

export type StepVerdict = 'pass' | 'fail' | 'inconclusive' | 'invalid'

/** One step of a capacity search, or one surge, boiled down. Times in ms; `null` percentile = slower than any bound. */
export type StepResult = {
  readonly segment: number
  readonly offeredPerSec: number
  readonly achievedPerSec: number
  readonly clicks: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly errorRatio: number
  readonly verdict: StepVerdict
  /** Why: the objective that was broken, or the check that voided it. */
  readonly because: string
}

/** One second of a surge as shoppers saw it. */
export type SurgeSecond = {
  readonly sec: number
  readonly arrivalsPerSec: number
  readonly clicks: number
  /** Clicks answered right within the SLO. */
  readonly good: number
  readonly errors: number
  readonly achieved: number
  /** `null`: slower than any bound (over half, or 5 %, of the clicks never got a right answer), or no click. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly checkouts: number
  readonly goodCheckouts: number
  readonly sloHeld: boolean
  readonly attempts: number
}

// ── capacity ───────────────────────────────────────────────────────────────────────────────────────────────────

export type Capacity = {
  /** Highest offered load, shoppers/s, at which every objective holds. */
  readonly perSec: number
  readonly low: number
  readonly high: number
  readonly clicksPerSec: number
  readonly ordersPerMin: number
  /** The resource nearest its limit at the highest loads, in words. `null` when nothing was seen to bind. */
  readonly limitedBy: { readonly class: BottleneckClass; readonly says: string } | null
  readonly lastPass: number | null
  readonly firstFail: number | null
  /** How the interval came about. */
  readonly method: string
}

export type CapacityResult = Common<'capacity'> & {
  readonly capacity: Capacity | null
  readonly usl: null
  readonly steps: readonly StepResult[]
  /** `--at-least`: what was asked for and whether capacity.low reaches it. */
  readonly atLeast: { readonly perSec: number; readonly held: boolean } | null
  /** Where its HTML report is; results before December 2026 lack it. */
  readonly report?: string | null
}

// ── diagnosis ──────────────────────────────────────────────────────────────────────────────────────────────────

/** One layer's testimony: a metric, its value, the threshold it was held against, and a sentence. */
export type Evidence = {
  readonly layer: 'shopper' | 'balancer' | 'app' | 'pool' | 'database' | 'generator' | 'host'
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly threshold: number
  readonly supports: boolean
  readonly says: string
}

export type Confidence = 'confirmed' | 'likely' | 'not-confirmed'

export type Bottleneck = {
  readonly class: BottleneckClass
  /** Name of the component (or statement, table) that bounds capacity; `null` for `none`. */
  readonly resource: string | null
  readonly confidence: Confidence
  /** The rival whose prediction failed in the same experiment; `null` unless confirmed. */
  readonly against: BottleneckClass | null
  readonly evidence: readonly Evidence[]
  readonly runnerUp: BottleneckClass | null
  /** One plain sentence: "database CPU: 98 % of 0.20 cores, 61 % of it best sellers". */
  readonly says: string
}

export type RuledOut = {
  readonly class: BottleneckClass
  readonly because: string
  /** `false`: what it takes to tell was not measured, so it may be this one all the same. Absent: it was. */
  readonly judged?: false
}

export type Finding = {
  readonly class: BottleneckClass
  readonly says: string
  readonly fixes: readonly { readonly id: string; readonly gain: Gain }[]
}
export type Gain = {
  readonly metric: 'capacityPerSec'
  readonly low: number
  readonly likely: number
  readonly high: number
  readonly method: 'modelled' | 'measured'
}

export type Diagnosis = {
  readonly bottleneck: Bottleneck
  readonly ruledOut: readonly RuledOut[]
  readonly findings: readonly Finding[]
}

export type DiagnoseResult = Common<'diagnose'> & Diagnosis

/** `watch`: the cause is ours; whether shoppers got what they were promised is for the load generator to say. */
export type WatchResult = Common<'watch'> &
  Diagnosis & {
    /** Seconds since the load began; `null`: nothing that was watched showed any. */
    readonly firstSignSec: number | null
    readonly firstSign: string | null
    /** `exitCode` null: a signal ended it. */
    readonly watched: {
      readonly program: string
      readonly exitCode: number | null
      readonly durationSec: number
    }
    readonly report: string | null
  }

// ── fixes ──────────────────────────────────────────────────────────────────────────────────────────────────────

export type FixVerdict = 'fixes' | 'helps' | 'harms' | 'no-effect' | 'protects' | 'not-run' | 'inconclusive'

export type ArmResult = {
  readonly arm: number
  readonly fixes: readonly FixStep[]
  readonly label: string
  readonly topology: Topology | null
  readonly capacity: Capacity | null
  readonly steps: readonly StepResult[]
  /** Capacity relative to today's. */
  readonly ratio: Estimate | null
  readonly verdict: FixVerdict
  /** Why not run, or the bound behind "no effect". */
  readonly because: string
  /** Capacity expected before the arm was measured, shoppers/s (operational laws on measured demands). */
  readonly predicted: number | null
  readonly limitedBy: { readonly class: BottleneckClass; readonly says: string } | null
  readonly cost: number
  readonly sideEffects: readonly string[]
}

export type WhatIf = {
  readonly baseline: ArmResult
  readonly arms: readonly ArmResult[]
  readonly conclusion: string
}
export type WhatIfResult = Common<'whatif'> &
  WhatIf & {
    /** Where its HTML report is; results before December 2026 lack it. */
    readonly report?: string | null
  }

// ── rehearse ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Seconds since the surge's start; what did not happen is `null`. */
export type Incident = {
  readonly firstSignSec: number | null
  /** What the first sign was, in words. */
  readonly firstSign: string | null
  readonly onsetSec: number | null
  readonly outageStartSec: number | null
  readonly outageEndSec: number | null
  readonly restoredSec: number | null
  /** Load was back to normal and the SLO still did not hold. `null`: it never broke. */
  readonly metastable: boolean | null
}

/** Nothing happened, or nothing may be said of when it did. */
export const NO_INCIDENT: Incident = {
  firstSignSec: null,
  firstSign: null,
  onsetSec: null,
  outageStartSec: null,
  outageEndSec: null,
  restoredSec: null,
  metastable: null,
}

export type Impact = {
  /** Orders the plan called for at this surge and the shop did not take. */
  readonly ordersExpected: number
  readonly ordersTaken: number
  readonly ordersLost: number
  readonly revenueLost: number
  readonly currency: string
  readonly shoppersTurnedAway: number
  /** How `ordersExpected` was found. */
  readonly method: string
}

/** An invariant of which nobody knows whether it held. */
export type UncheckedInvariant = { readonly name: string; readonly because: string }

export type InvariantResult = {
  readonly name: string
  /** Whenever it was asked, during surges and after them. */
  readonly held: boolean
  readonly detail: string
  /** How often it was asked, and answered, during surges; 0: only after them. */
  readonly samples: number
  /** The first sample that found it broken: seconds since the start of its surge. `null`: none did. */
  readonly firstBrokenSec: number | null
}

/** One fault of the scenario in one surge; seconds since its start. */
export type FaultResult = {
  readonly kind: FaultKindName
  readonly target: string
  /** "app-2 was killed" */
  readonly says: string
  /** `null`: it was not done. */
  readonly beganSec: number | null
  /** When the system was as before; `null`: not while anybody wrote it down, or it was not done. */
  readonly endedSec: number | null
  /** Why it was not done; `null`: it was. */
  readonly notDone: string | null
}

/** Answers on a route that were redirects away from the site. */
export type RedirectsAway = {
  readonly route: string
  readonly n: number
  /** Of the route's attempts, 0..1. */
  readonly ratio: number
}

export type SurgeResult = {
  readonly arm: number
  readonly label: string
  readonly segment: number
  readonly held: boolean
  readonly because: string
  /** Which rule of the scenario ended its load, and when, in words; `null`: it ran to its end. */
  readonly endedEarly: string | null
  /** What journeys found wrong with pages that came in time, the most frequent first, ten at most. */
  readonly failedChecks: readonly { readonly reason: string; readonly n: number }[]
  /** Routes on which many answers were redirects away from the site, which are not followed; absent: there were none. */
  readonly redirectsAway?: readonly RedirectsAway[]
  /** What became of the scenario's faults, in the order they began. */
  readonly faults: readonly FaultResult[]
  readonly seconds: readonly SurgeSecond[]
  readonly incident: Incident
  /** `null`: the replay was compressed, and a minute of it loses what an hour would. */
  readonly impact: Impact | null
  readonly peakClicksPerSec: number
  readonly valid: boolean
  readonly invalidBecause: string | null
}

export type Winner = {
  readonly fixes: readonly FixStep[]
  readonly label: string
  readonly survives: boolean
  readonly replays: { readonly held: number; readonly of: number }
  readonly headroom: number | null
}

export type RehearseResult = Common<'rehearse'> & {
  readonly verdict: 'holds' | 'does-not-hold' | 'inconclusive' | 'invalid'
  readonly peak: { readonly perSec: number; readonly clicksPerSec: number; readonly ordersPerMin: number }
  readonly capacity: Capacity | null
  /** Capacity ÷ peak. */
  readonly covers: number | null
  readonly headroom: number | null
  readonly incident: Incident
  readonly impact: Impact | null
  readonly bottleneck: Bottleneck
  readonly ruledOut: readonly RuledOut[]
  readonly whatif: WhatIf | null
  readonly winner: Winner | null
  readonly surges: readonly SurgeResult[]
  readonly alerts:
    | readonly { readonly rule: string; readonly firedAtSec: number; readonly leadTimeSec: number }[]
    | null
  readonly invariants: readonly InvariantResult[]
  /** Invariants that could not be asked, as where no table may be made for what shoppers were told; absent: none. */
  readonly uncheckedInvariants?: readonly UncheckedInvariant[]
  readonly report: string | null
  /** Seconds from the command's start to the first sentence naming the cause. */
  readonly causeAfterSec: number | null
  readonly header: HeaderLine
}

/** `run`: one surge on today's topology. */
export type RunResult = Common<'run'> & {
  readonly verdict: 'holds' | 'does-not-hold' | 'invalid'
  readonly surge: SurgeResult
  readonly incident: Incident
  readonly impact: Impact | null
  readonly bottleneck: Bottleneck
  readonly ruledOut: readonly RuledOut[]
  readonly invariants: readonly InvariantResult[]
  /** Invariants that could not be asked, as where no table may be made for what shoppers were told; absent: none. */
  readonly uncheckedInvariants?: readonly UncheckedInvariant[]
  readonly report: string | null
  readonly header: HeaderLine
}

/** What any command may come to. */
export type AnyResult =
  | RehearseResult
  | RunResult
  | CapacityResult
  | WhatIfResult
  | DiagnoseResult
  | WatchResult

export type ErrorResult = {
  readonly schema: typeof RESULT_SCHEMA
  readonly command: string
  readonly error: {
    readonly code: string
    readonly message: string
    readonly where: string | null
    readonly hint: string | null
  }
}
