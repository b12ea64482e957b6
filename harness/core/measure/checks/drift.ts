import type { SegmentCheck } from '../check.ts'
import { measuredClicks, percentileMs, tallyClicks } from '../tally-clicks.ts'

/** In the steady state halves of a few seconds differ by chance (queues remember); a queue that grows does more. */
const HIGHEST_GROWTH = 1.5

/**
 * The second half of a step that would pass is not slower to the point of breaking the SLO. Only drift that matters
 * counts: the mean response grew by half AND the second half alone is beyond the p95 bound of all clicks. Such a queue
 * grows: a longer step would have failed, and capacity is only claimed where the load is stationary (field notes on
 * capacity, §5), so the step is a fail, as overload always is.
 */
export const drift: SegmentCheck = {
  name: 'steady',
  voids: 'pass',
  makes: 'fail',
  examine(segment, { slo }) {
    const boundMs = slo['all']?.p95Ms
    const durationSec = segment.line.plan.curve.at(-1)?.atSec ?? 0
    if (boundMs === undefined || durationSec < 2) return null
    const clicks = measuredClicks(segment)
    const first = tallyClicks(clicks.filter(({ sec }) => sec < durationSec / 2)).all
    const second = tallyClicks(clicks.filter(({ sec }) => sec >= durationSec / 2)).all
    if (first.ok === 0 || second.ok === 0) return null
    const value = second.okTimesUs.mean / first.okTimesUs.mean
    const p95Ms = percentileMs(second, 0.95)
    const beyond = p95Ms === null || p95Ms > boundMs
    return {
      held: value <= HIGHEST_GROWTH || !beyond,
      value,
      threshold: HIGHEST_GROWTH,
      says: `responses took ${value.toFixed(2)} times as long in the second half (at most ${HIGHEST_GROWTH} once it breaks ${boundMs} ms)`,
    }
  },
}
