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
  /** Ranges that journeys draw from: `shopper.zipf('product')`. */
  readonly data?: Readonly<Record<string, RangeSpec>>
  readonly shoppers: readonly JourneySpec[]
  /** Default: 3 s, one reload. */
  readonly patience?: { readonly timeout: string; readonly reloads: number }
  /** Objectives for `all` clicks and for single routes ("POST /checkout"). */
  readonly slo: { readonly all: ObjectiveSpec } & Readonly<Record<string, ObjectiveSpec>>
  /** Headroom to keep above the peak (default "30%"), and the growth of the traffic ("8%/month"). */
  readonly forecast?: { readonly growth?: string; readonly keepHeadroom?: string }
  readonly topology?: TopologyPatch
  readonly invariants?: readonly { readonly name: string; readonly sql: string; readonly expect: 'no rows' }[]
  readonly alerts?: readonly []
  readonly faults?: readonly []
  readonly seed?: number
}

/** Rates in shoppers per second ("5/s"), the peak also as a factor on normal ("12x"), a length ("45s"). */
export type SurgeSpec = { readonly normal: string; readonly peak: string; readonly lasts: string }
export type TrafficSpec = SurgeSpec & { readonly kind: ShapeKind }

export type RangeSpec = { readonly from: number; readonly to: number }

/** Upper bounds on the response times of clicks ("< 300ms") and on the share of failed ones ("< 1%"). */
export type ObjectiveSpec = {
  readonly p50?: string
  readonly p95?: string
  readonly p99?: string
  readonly errors?: string
}

/** `weight`: relative share of shoppers. `thinkTime`: between clicks, "1s" or "0.3s..2s". */
export type JourneyOptions = { readonly weight: number; readonly thinkTime: string }
export type JourneySpec = JourneyOptions & {
  readonly name: string
  readonly steps: (shopper: Shopper) => Promise<void>
}
