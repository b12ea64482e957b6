import { mean, variance } from 'simple-statistics'
import type { ArrivalProcess } from '../../plan.ts'
import type { SegmentCheck } from '../check.ts'
import { dispersionBand } from '../dispersion-band.ts'

/** Two-sided 99.9 %: at 95 % one sound segment in twenty would be void, and a run has some forty. */
const Z = 3.29
/** Fewer windows than this are no distribution. */
const FEWEST_WINDOWS = 20

/** Even arrivals have no scatter, and what was recorded scatters as it does: whether they are on time another check sees. */
const SCATTERED: readonly ArrivalProcess['kind'][] = ['poisson', 'balanced']

/**
 * Bunching: the index of dispersion (variance ÷ mean of the counts in windows of 100 ms) of the actual arrivals,
 * relative to that of the planned ones, so that a curve that rises does not look bunched. 1 = as planned; the χ² band
 * is what chance alone gives a Poisson process. A frozen engine sends in a heap, a paced one too evenly.
 */
export const arrivalsDispersion: SegmentCheck = {
  name: 'arrivals not bunched',
  voids: 'any',
  makes: 'invalid',
  examine({ line, end }) {
    if (!end || !SCATTERED.includes(line.plan.arrivals.kind)) return null
    const { arrivalsPlanned: planned, arrivalsActual: actual } = end.engine
    const windows = Math.min(planned.length, actual.length)
    if (windows < FEWEST_WINDOWS) return null
    const plannedIndex = dispersion(planned.slice(0, windows))
    const actualIndex = dispersion(actual.slice(0, windows))
    if (plannedIndex === null || plannedIndex === 0 || actualIndex === null) return null
    const value = actualIndex / plannedIndex
    const [low, high] = dispersionBand(windows, Z)
    return {
      held: value >= low && value <= high,
      value,
      threshold: value < 1 ? low : high,
      says: `arrivals scatter ${value.toFixed(2)} times as much as planned (chance alone: ${low.toFixed(2)} to ${high.toFixed(2)})`,
    }
  },
}

function dispersion(counts: readonly number[]): number | null {
  const average = mean([...counts])
  return average === 0 ? null : variance([...counts]) / average
}
