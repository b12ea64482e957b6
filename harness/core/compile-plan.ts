import type { LoadPlan, RateCurve } from './plan.ts'
import type { ScenarioFacts } from './record.ts'
import type { Scenario, Traffic } from './scenario.ts'

/** The module a plan's journeys come from. */
export type ScenarioFile = { readonly path: string; readonly hash: string }

export type SteadyLoad = {
  readonly perSec: number
  readonly durationSec: number
  /** Begin with the sessions that would be under way after this long; 0 = begin empty. */
  readonly fillSec: number
  readonly seed: number
}

/** Time for the clicks that a session still has before it, think time included, on top of one click's patience. */
const LAST_CLICKS_MS = 4000
/**
 * Every second of a step brings its rate, bursts within it left alone. Poisson counts would make the load of a step of
 * 4 s vary by some 10 %, more than anything else does, and capacity is a statement about the load a step is named after.
 */
const BALANCED_SEC = 1
/** A bound in a step must be seen to be broken, not cut off: half as much again, and a second for small bounds. */
const OVER_BOUND = 1.5
const OVER_BOUND_MIN_MS = 1000

/** The surge as a plan. It depends on the scenario, the traffic and the seed alone: the same surge is the same plan. */
export function surgePlan(scenario: Scenario, file: ScenarioFile, traffic: Traffic, seed: number): LoadPlan {
  const graceMs = longestClickMs(scenario) + LAST_CLICKS_MS
  return {
    ...basis(scenario, file, traffic.curve, seed, graceMs),
    purpose: 'surge',
    journeys: scenario.shoppers.map(({ name, weight, peakWeight, thinkTime }) => ({
      name,
      weight,
      peakWeight,
      thinkTime,
    })),
    drift: { normalPerSec: traffic.normalPerSec, peakPerSec: traffic.peakPerSec },
    arrivals: traffic.arrivals,
    fillSec: 0,
    ending: 'finish',
  }
}

/** One step of a capacity search: constant load that begins in the steady state and is cut at its end. */
export function stepPlan(scenario: Scenario, file: ScenarioFile, load: SteadyLoad): LoadPlan {
  return { ...steady(scenario, file, load), purpose: 'step' }
}

/** Load that is not judged: it fills caches, opens connections and lets the machine compile what it runs. */
export function warmUpPlan(scenario: Scenario, file: ScenarioFile, load: SteadyLoad): LoadPlan {
  return { ...steady(scenario, file, load), purpose: 'warm-up' }
}

/**
 * Seed of the n-th segment of a run: different for each, the same in every run. A surge uses the scenario's own seed,
 * so that replays send what the first one sent. (The finaliser of MurmurHash3, a bijection of 32 bits.)
 */
export function segmentSeed(scenarioSeed: number, segment: number): number {
  let bits = (scenarioSeed ^ Math.imul(segment + 1, 0x9e37_79b1)) >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** The scenario as plain data for the record's header, with the traffic that will run. */
export function scenarioFacts(scenario: Scenario, file: ScenarioFile, quick: boolean): ScenarioFacts {
  const traffic = quick ? scenario.quickTraffic : scenario.traffic
  return {
    name: scenario.name,
    question: scenario.question,
    path: file.path,
    hash: file.hash,
    seed: scenario.seed,
    curveLabel: traffic.label,
    ...speedOf(traffic),
    normalPerSec: traffic.normalPerSec,
    peakPerSec: traffic.peakPerSec,
    journeys: scenario.shoppers.map(({ name, peakWeight: weight }) => ({ name, weight })),
    patience: scenario.patience,
    slo: scenario.slo,
    maxPerSec: scenario.limits.maxPerSec,
    keepHeadroom: scenario.keepHeadroom,
  }
}

function speedOf({ arrivals }: Traffic): Pick<ScenarioFacts, 'speed'> {
  return arrivals.kind === 'recorded' && arrivals.speed !== 1 ? { speed: arrivals.speed } : {}
}

type Basis = Omit<LoadPlan, 'purpose' | 'arrivals' | 'fillSec' | 'ending'>

function basis(
  scenario: Scenario,
  file: ScenarioFile,
  curve: RateCurve,
  seed: number,
  graceMs: number,
): Basis {
  const { limits } = scenario
  return {
    seed,
    curve,
    scenarioPath: file.path,
    scenarioHash: file.hash,
    // Offered load and capacity are stated at the mix of the peak.
    journeys: scenario.shoppers.map(({ name, peakWeight: weight, thinkTime }) => ({
      name,
      weight,
      thinkTime,
    })),
    http: scenario.http,
    patience: scenario.patience,
    partition: { index: 0, of: 1 },
    // A ceiling on the length of a surge must not cut off the visits that end after it.
    limits: { ...limits, maxDurationSec: limits.maxDurationSec + graceMs / 1000 },
    graceMs,
  }
}

function steady(scenario: Scenario, file: ScenarioFile, load: SteadyLoad): Omit<LoadPlan, 'purpose'> {
  const { perSec, durationSec, fillSec, seed } = load
  const curve: RateCurve = [
    { atSec: 0, perSec },
    { atSec: durationSec, perSec },
  ]
  const boundMs = largestBoundMs(scenario)
  const overBoundMs = Math.max(boundMs * OVER_BOUND, boundMs + OVER_BOUND_MIN_MS)
  const graceMs = Math.min(longestClickMs(scenario), overBoundMs)
  return {
    ...basis(scenario, file, curve, seed, graceMs),
    arrivals: { kind: 'balanced', count: Math.max(1, Math.round(perSec * BALANCED_SEC)) },
    fillSec,
    ending: 'cut',
  }
}

/**
 * A click lasts at most this long outside a waiting room: then the shopper has given up. Who still queues at the end is
 * counted as queued.
 */
function longestClickMs({ patience }: Scenario): number {
  return patience.timeoutMs * (patience.reloads + 1)
}

function largestBoundMs({ slo }: Scenario): number {
  const bounds = Object.values(slo).flatMap(({ p50Ms, p95Ms, p99Ms }) => [p50Ms ?? 0, p95Ms ?? 0, p99Ms ?? 0])
  return Math.max(0, ...bounds)
}
