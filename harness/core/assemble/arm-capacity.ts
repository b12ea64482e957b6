import { segmentFacts } from '../measure/check.ts'
import { drivenSec } from '../measure/driven-sec.ts'
import { meanRate } from '../measure/mean-rate.ts'
import { stepResult } from '../measure/step.ts'
import { surgeResult } from '../measure/surge.ts'
import type { ScenarioFacts } from '../record.ts'
import type { Capacity, StepResult } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { estimate, observe, type Search, type StepObservation, start } from '../search.ts'

/** Nobody asks for more than twice the peak and some; a small machine could not send it honestly either. */
const CEILING = 2.2

/** Loads a search may try, from the scenario alone, so that every arm of a run is judged on the same scale. */
export function searchBounds({
  normalPerSec,
  peakPerSec,
  maxPerSec = Number.POSITIVE_INFINITY,
}: Pick<ScenarioFacts, 'normalPerSec' | 'peakPerSec' | 'maxPerSec'>): {
  readonly floorPerSec: number
  readonly ceilingPerSec: number
} {
  return {
    floorPerSec: Math.min(normalPerSec, peakPerSec) / 2,
    ceilingPerSec: Math.min(maxPerSec, peakPerSec * CEILING),
  }
}

export type ArmCapacity = {
  readonly search: Search
  readonly steps: readonly StepResult[]
  readonly segments: readonly SegmentData[]
  readonly capacity: Omit<Capacity, 'limitedBy'> | null
}

/** Capacity of one arm from all its steps, weighed by the same search that chose them. */
export function armCapacity(run: RunData, arm: number): ArmCapacity {
  const segments = run.segments.filter(
    ({ line, end }) => line.arm === arm && line.purpose === 'step' && end !== null,
  )
  const steps = segments.map((segment) => stepResult(segment, segmentFacts(run, segment)))
  const bounds = searchBounds(run.header.scenario)
  const search = steps.reduce(
    (before, { offeredPerSec, verdict }) => observe(before, { perSec: offeredPerSec, verdict }),
    start({ ...bounds, startPerSec: bounds.floorPerSec }, surgeEvidence(run, arm)),
  )
  const found = estimate(search)
  if (!found) return { search, steps, segments, capacity: null }
  const mix = mixPerShopper(healthy(segments, steps))
  const { maxPerSec } = run.header.scenario
  const capped = found.lies === 'above-ceiling' && bounds.ceilingPerSec === maxPerSec
  return {
    search,
    steps,
    segments,
    capacity: {
      perSec: found.perSec,
      low: found.low,
      high: found.high,
      clicksPerSec: found.perSec * mix.clicks,
      ordersPerMin: found.perSec * mix.orders * 60,
      lastPass: found.lastPass,
      firstFail: found.firstFail,
      method:
        found.lies === 'within'
          ? found.method
          : `${found.method}; capacity lies ${found.lies === 'above-ceiling' ? 'above the highest' : 'below the lowest'} load tried${capped ? " (the scenario's own limits.rate)" : ''}`,
    },
  }
}

/**
 * What surges on the same topology say of its capacity: one that broke is a load of the peak that failed, one that held a
 * load that passed. One that broke while a fault of the scenario acted says nothing of a sound system.
 */
export function surgeEvidence(run: RunData, arm: number): readonly StepObservation[] {
  const fixesOf = (id: number) => JSON.stringify(run.arms.find((line) => line.arm === id)?.fixes)
  return run.segments
    .filter(({ line, end }) => line.purpose === 'surge' && end !== null && fixesOf(line.arm) === fixesOf(arm))
    .map((segment) => surgeResult(run, segment))
    .filter(({ valid, held, faults }) => valid && (held || faults.every(({ beganSec }) => beganSec === null)))
    .map(({ held }) => ({ perSec: run.header.scenario.peakPerSec, verdict: held ? 'pass' : 'fail' }))
}

/** Steps that passed; in an overloaded one shoppers leave before they order. All of them when none passed. */
function healthy(segments: readonly SegmentData[], steps: readonly StepResult[]): readonly SegmentData[] {
  const passed = segments.filter((_, index) => steps[index]?.verdict === 'pass')
  return passed.length > 0 ? passed : segments
}

/** Clicks and orders one arriving shopper means in the steady state of these segments. */
export function mixPerShopper(segments: readonly SegmentData[]): {
  readonly clicks: number
  readonly orders: number
} {
  const { shoppers, clicks, orders } = shoppersOf(segments)
  return shoppers > 0 ? { clicks: clicks / shoppers, orders: orders / shoppers } : { clicks: 0, orders: 0 }
}

/** Arriving shoppers of these segments, and the clicks and orders that fell into them. */
export function shoppersOf(segments: readonly SegmentData[]): {
  readonly shoppers: number
  readonly clicks: number
  readonly orders: number
} {
  let shoppers = 0
  let clicks = 0
  let orders = 0
  for (const { line, orders: taken, end } of segments) {
    if (!end) continue
    const durationSec = drivenSec({ line, end })
    shoppers += meanRate(line.plan.curve, 0, durationSec) * durationSec
    clicks += end.engine.clicksIntended
    // Orders of the sessions that were under way before second 0 are real, but belong to no measured shopper.
    orders += new Set(taken.filter(({ atUs }) => atUs >= line.startUs).map(({ id }) => id)).size
  }
  return { shoppers, clicks, orders }
}
