import type { Estimate, StepVerdict } from './result.ts'
import {
  expectedInformation,
  expectedWidth,
  flatPosterior,
  marginal,
  type Posterior,
  posteriorQuantile,
  weighStep,
} from './stats/posterior.ts'

/**
 * The search for capacity, as an immutable state machine: the conductor asks for the `next` step, drives it, and
 * `observe`s its verdict. First it feels its way up (or down) in large steps until a step fails twice; then it closes in
 * by weighing every step there was, each next load being the one expected to say most about capacity; last it confirms
 * that the lower end of the interval holds. It knows when no answer can come, and says why.
 */

/** Large steps up and down while the limit has not been seen. */
const GROWTH = 1.8
/** An invalid step is repeated twice before the run is void (DESIGN §8); as often for one with too few samples. */
const REPEATS = 2
/** Loads considered for the next step, as shares of the posterior. */
const CANDIDATES = [0.02, 0.05, 0.15, 0.25, 0.35, 0.45, 0.5, 0.55, 0.65, 0.75, 0.85, 0.95, 0.98] as const
/** A statement about capacity never goes beyond this factor of the loads that were measured. */
const EXTRAPOLATE = 1.3

export type SearchOptions = {
  readonly startPerSec: number
  /** The lowest and the highest load ever tried. */
  readonly floorPerSec: number
  readonly ceilingPerSec: number
  /** Factor from step to step while the limit has not been seen; less when the start is a good guess. */
  readonly growth?: number
  /** Half-width of the 95 % interval, relative to the estimate, at which the search may stop (0.1 = ±10 %). */
  readonly targetHalfWidth?: number
  /** Steps spent at the end on confirming the interval's lower end. */
  readonly confirmSteps?: number
}

export type StepObservation = {
  readonly perSec: number
  readonly verdict: StepVerdict
  readonly confirm?: boolean
}

export type Search = {
  readonly options: Required<SearchOptions>
  readonly observations: readonly StepObservation[]
  readonly posterior: Posterior
}

export type DoneBecause =
  | 'converged'
  | 'budget'
  | 'above-ceiling'
  | 'below-floor'
  | 'invalid'
  | 'inconclusive'

export type SearchMove =
  | { readonly kind: 'step'; readonly perSec: number; readonly confirm: boolean }
  | { readonly kind: 'done'; readonly because: DoneBecause; readonly reason: string }

export type SearchEstimate = {
  readonly perSec: number
  readonly low: number
  readonly high: number
  readonly lastPass: number | null
  readonly firstFail: number | null
  /** Where capacity lies: within the loads tried, or beyond the end of them that `perSec` then stands for. */
  readonly lies: 'within' | 'above-ceiling' | 'below-floor'
  readonly method: string
}

/**
 * Begins a search; throws a RangeError when floor ≤ start ≤ ceiling does not hold. Loads are in shoppers/s. `evidence`:
 * what is known from elsewhere (a surge that broke); it counts for capacity, not for where the search feels its way.
 */
export function start(options: SearchOptions, evidence: readonly StepObservation[] = []): Search {
  const { startPerSec, floorPerSec, ceilingPerSec } = options
  if (!(floorPerSec > 0 && floorPerSec <= startPerSec && startPerSec <= ceilingPerSec))
    throw new RangeError(
      `a search needs 0 < floor ≤ start ≤ ceiling, got ${floorPerSec}, ${startPerSec}, ${ceilingPerSec}`,
    )
  return {
    options: { targetHalfWidth: 0.1, confirmSteps: 1, growth: GROWTH, ...options },
    observations: [],
    posterior: evidence.reduce(weighed, flatPosterior(floorPerSec / 2, ceilingPerSec * 2)),
  }
}

/** The search after one more step. Only passes and fails change what is believed of capacity. */
export function observe(search: Search, observation: StepObservation): Search {
  return {
    ...search,
    observations: [...search.observations, observation],
    posterior: weighed(search.posterior, observation),
  }
}

function weighed(posterior: Posterior, { perSec, verdict }: StepObservation): Posterior {
  return verdict === 'pass' || verdict === 'fail'
    ? weighStep(posterior, perSec, verdict === 'pass')
    : posterior
}

/** What to do next. `stepsLeft`: how many more steps time allows for (the last of them confirm). */
export function next(search: Search, { stepsLeft }: { readonly stepsLeft?: number } = {}): SearchMove {
  const { options, observations } = search
  const left = stepsLeft ?? Number.POSITIVE_INFINITY
  const unusable = unusableStreak(search)
  if (unusable) return unusable
  if (left <= 0) return done('budget', 'time for steps ran out')
  const latest = observations.at(-1)
  if (latest?.verdict === 'invalid')
    return { kind: 'step', perSec: latest.perSec, confirm: latest.confirm ?? false }

  const passes = loads(search, 'pass')
  const fails = loads(search, 'fail')
  const highestPass = Math.max(...passes)
  const lowestFail = Math.min(...fails)
  if (passes.length === 0 && fails.length === 0) return step(search, options.startPerSec)

  if (fails.length === 0) {
    if (highestPass < options.ceilingPerSec) return step(search, highestPass * options.growth)
    if (count(passes, highestPass) < 2) return step(search, options.ceilingPerSec, true)
    return done('above-ceiling', `the highest load tried, ${options.ceilingPerSec}/s, passed twice`)
  }
  // A failing step is repeated before it is believed: one bad second on the machine fails a step of four.
  if (fails.length === 1 && !(highestPass >= lowestFail)) return step(search, lowestFail)
  if (passes.length === 0) {
    if (lowestFail > options.floorPerSec) return step(search, lowestFail / options.growth)
    if (count(fails, lowestFail) < 2) return step(search, lowestFail)
    return done('below-floor', `even the lowest load tried, ${options.floorPerSec}/s, failed twice`)
  }
  return closeIn(search, left)
}

function closeIn(search: Search, left: number): SearchMove {
  const { options, observations } = search
  const { perSec, low, high } = interval(search)
  const halfWidth = (high - low) / 2 / perSec
  const confirmsLeft = options.confirmSteps - observations.filter(({ confirm }) => confirm).length
  const converged = halfWidth <= options.targetHalfWidth
  if (converged && confirmsLeft <= 0)
    return done('converged', `the 95 % interval is ± ${Math.round(halfWidth * 100)} %`)
  // A confirmation says little about capacity, so it waits until the interval is of some use.
  const worthConfirming = converged || (left <= confirmsLeft && halfWidth <= 2 * options.targetHalfWidth)
  if (confirmsLeft > 0 && worthConfirming) return step(search, low, true)
  // Far above what ever passed a step only shows collapse, and costs what clearing it up takes.
  const highest = Math.max(...loads(search, 'pass')) * options.growth
  // The last step is not for what comes after it: it is the one that leaves the narrowest interval.
  const worth =
    left <= 1
      ? (load: number) => -expectedWidth(search.posterior, load)
      : (load: number) => expectedInformation(search.posterior, load)
  let best = { perSec: Math.min(perSec, highest), worth: Number.NEGATIVE_INFINITY }
  for (const q of CANDIDATES) {
    const candidate = tidy(search, Math.min(highest, posteriorQuantile(search.posterior, q)))
    // What could not be judged at a load (it drifted, say) will hardly be judged there the next time.
    const latest = observations.at(-1)
    if (latest?.verdict === 'inconclusive' && Math.abs(Math.log(candidate / latest.perSec)) < 0.05) continue
    const here = worth(candidate)
    if (here > best.worth) best = { perSec: candidate, worth: here }
  }
  return step(search, best.perSec)
}

/** Capacity as far as the steps tell it; `null` before the first pass or fail. The interval is 95 % credible. */
export function estimate(search: Search): SearchEstimate | null {
  const passes = loads(search, 'pass')
  const fails = loads(search, 'fail')
  const n = passes.length + fails.length
  if (n === 0) return null
  const { floorPerSec, ceilingPerSec } = search.options
  const { perSec, low, high } = interval(search)
  const lies =
    fails.length === 0 && Math.max(...passes) >= ceilingPerSec
      ? 'above-ceiling'
      : passes.length === 0 && Math.min(...fails) <= floorPerSec
        ? 'below-floor'
        : 'within'
  // Unlucky fails far below the interval and lucky passes far above it are not the edge of capacity.
  const edgePasses = passes.filter((load) => load <= high)
  const edgeFails = fails.filter((load) => load >= low && !edgePasses.some((pass) => pass >= load))
  return {
    perSec: lies === 'above-ceiling' ? ceilingPerSec : lies === 'below-floor' ? floorPerSec : perSec,
    low: lies === 'above-ceiling' ? Math.min(low, ceilingPerSec) : low,
    high: lies === 'below-floor' ? Math.max(high, floorPerSec) : high,
    lastPass: edgePasses.length > 0 ? Math.max(...edgePasses) : null,
    firstFail: edgeFails.length > 0 ? Math.min(...edgeFails) : null,
    lies,
    method: `95 % credible interval from ${n} steps (Bayesian psychometric fit)`,
  }
}

/** Capacity of one search relative to another, with its 95 % interval; the searches count as independent. */
export function ratio(candidate: Search, baseline: Search): Estimate {
  const bins = new Map<number, number>()
  const over = possible(candidate)
  const under = possible(baseline)
  for (const [above, p] of over)
    for (const [below, q] of under) {
      const bin = Math.round(Math.log(above / below) * 500)
      bins.set(bin, (bins.get(bin) ?? 0) + p * q)
    }
  const sorted = [...bins].sort(([a], [b]) => a - b)
  const quantile = (share: number): number => {
    let sum = 0
    for (const [bin, p] of sorted) {
      sum += p
      if (sum >= share) return Math.exp(bin / 500)
    }
    return Math.exp((sorted.at(-1)?.[0] ?? 0) / 500)
  }
  return { estimate: quantile(0.5), low: quantile(0.025), high: quantile(0.975) }
}

// ── what the steps support ─────────────────────────────────────────────────────────────────────────────────────

/**
 * Median and 95 % interval. Only the estimate is held within reach of the loads that were measured: an end of the
 * interval that no step bounds stays as open as it is.
 */
function interval(search: Search): { readonly perSec: number; readonly low: number; readonly high: number } {
  const quantile = (share: number) => posteriorQuantile(search.posterior, share)
  const [low, high] = [quantile(0.025), quantile(0.975)]
  return { perSec: Math.min(high, Math.max(low, reach(search)(quantile(0.5)))), low, high }
}

function possible(search: Search): readonly (readonly [number, number])[] {
  return marginal(search.posterior).filter(([, probability]) => probability > 1e-7)
}

function reach(search: Search): (perSec: number) => number {
  const measured = [...loads(search, 'pass'), ...loads(search, 'fail')]
  const least = Math.min(...measured) / EXTRAPOLATE
  const most = Math.max(...measured) * EXTRAPOLATE
  return (perSec) => (measured.length === 0 ? perSec : Math.min(most, Math.max(least, perSec)))
}

/** Why no answer can come: step after step that cannot be used. */
function unusableStreak(search: Search): SearchMove | null {
  for (const verdict of ['invalid', 'inconclusive'] as const) {
    const latest = search.observations.slice(-(REPEATS + 1))
    if (latest.length <= REPEATS || latest.some((observation) => observation.verdict !== verdict)) continue
    const why = verdict === 'invalid' ? 'the measurement itself failed its checks' : 'too few clicks to judge'
    return done(verdict, `${REPEATS + 1} steps in a row were ${verdict}: ${why}`)
  }
  return null
}

function loads(search: Search, verdict: StepVerdict): readonly number[] {
  return search.observations.filter((step) => step.verdict === verdict).map(({ perSec }) => perSec)
}

function count(values: readonly number[], value: number): number {
  return values.filter((other) => other === value).length
}

function step(search: Search, perSec: number, confirm = false): SearchMove {
  return { kind: 'step', perSec: tidy(search, perSec), confirm }
}

/** Three significant digits, within floor and ceiling. */
function tidy({ options }: Search, perSec: number): number {
  return Math.min(options.ceilingPerSec, Math.max(options.floorPerSec, Number(perSec.toPrecision(3))))
}

function done(because: DoneBecause, reason: string): SearchMove {
  return { kind: 'done', because, reason }
}
