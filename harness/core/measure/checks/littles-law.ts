import type { SegmentCheck } from '../check.ts'
import { fromPairs } from '../histogram.ts'
import { measuredClicks } from '../tally-clicks.ts'

/** Field notes on capacity, §3: |N − X·R| ÷ N above 5 % means that N, X and R are not of the same system. */
const HIGHEST_GAP = 0.05
/** Fewer clicks, or fewer than this in flight, and the edges of the step outweigh what lies between. */
const FEWEST_CLICKS = 200
const FEWEST_IN_FLIGHT = 0.5

/**
 * Little's law, N = X·R, on the engine's own books: clicks in flight (integrated over time) against the sum of the
 * response times ÷ duration. Clicks under way at an edge are in one and not in the other: beside the 5 %, twice as many
 * as are in flight on average may stick out, each by the slowest response.
 */
export const littlesLaw: SegmentCheck = {
  name: "Little's law",
  voids: 'pass',
  makes: 'invalid',
  examine(segment) {
    const engine = segment.end?.engine
    const clicks = measuredClicks(segment)
    const times = fromPairs(...clicks.map(({ timesUs }) => timesUs))
    const count = clicks.reduce((sum, { n }) => sum + n, 0)
    // Where some outcome carries no times, the sum of the responses is not known.
    if (
      !engine ||
      count < FEWEST_CLICKS ||
      times.totalCount !== count ||
      engine.inFlightMean < FEWEST_IN_FLIGHT
    ) {
      return null
    }
    const responseSec = times.mean / 1e6
    const value =
      Math.abs(engine.inFlightMean - (count / engine.durationSec) * responseSec) / engine.inFlightMean
    const slowestSec = times.maxValue / 1e6
    const threshold = HIGHEST_GAP + (2 * slowestSec) / engine.durationSec
    return {
      held: value <= threshold,
      value,
      threshold,
      says: `clicks in flight and throughput × response differ by ${(value * 100).toFixed(1)} % (at most ${(threshold * 100).toFixed(1)} %)`,
    }
  },
}
