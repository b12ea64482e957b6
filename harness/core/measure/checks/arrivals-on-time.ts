import type { SegmentCheck } from '../check.ts'

/**
 * The planned arrivals are one realised Poisson process, so actual is compared with scheduled window by window (field
 * notes on capacity, §3: for replayed traces test actual minus scheduled). A lag of 10 ms moves a tenth of the
 * arrivals over the edge of a 100 ms window; more than that is another process than the one planned.
 */
const HIGHEST_MOVED = 0.1
/** Of few arrivals a single one at the edge of its window is a large share. */
const ALWAYS_ALLOWED_ARRIVALS = 2

/** Few arrivals fell into another window of 100 ms than planned. */
export const arrivalsOnTime: SegmentCheck = {
  name: 'arrivals on time',
  voids: 'any',
  makes: 'invalid',
  examine({ end }) {
    if (!end) return null
    const { arrivalsPlanned: planned, arrivalsActual: actual } = end.engine
    const arrivals = planned.reduce((sum, n) => sum + n, 0)
    if (arrivals === 0) return null
    let moved = 0
    for (let i = 0; i < Math.max(planned.length, actual.length); i++) {
      moved += Math.abs((actual[i] ?? 0) - (planned[i] ?? 0)) / 2
    }
    const value = moved / arrivals
    const threshold = Math.max(HIGHEST_MOVED, ALWAYS_ALLOWED_ARRIVALS / arrivals)
    return {
      held: value <= threshold,
      value,
      threshold,
      says: `${(value * 100).toFixed(1)} % of the arrivals fell into another 100 ms than planned (at most ${(threshold * 100).toFixed(1)} %)`,
    }
  },
}
