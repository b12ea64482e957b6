import type { SegmentCheck } from '../check.ts'
import { countAtMost, fromPairs, quantileUs } from '../histogram.ts'
import { tightestP95Ms } from '../slo.ts'
import { measuredClicks, percentileMs, tallyClicks } from '../tally-clicks.ts'

/**
 * Response times count from the intended start, so a late send is charged to the shop. 5 % of the tightest bound
 * (field notes on capacity, §3: p99 send lateness above 1-5 % of the SLO) cannot turn a verdict, nor can 5 % of a p95
 * that lies above it: an overloaded shop leaves the generator less CPU, and its fail stands without those milliseconds.
 * 10 ms is what a timer and one pass of an event loop may take.
 */
const SHARE = 0.05
/** An overload excuses no more than this: later still, the generator stood still. */
const EXCUSED_MS = 50
const ALWAYS_ALLOWED_MS = 10
const LATE_SHARE = 0.01
/** In a short step p99 is the slowest send of all: one or two late sends of eighty are a hiccup, not a slow engine. */
const FEWEST_LATE = 3

/** p99 of sent − intended stays small: at most 1 % of the sends (and never just one or two) were later. */
export const sendLag: SegmentCheck = {
  name: 'send lag',
  voids: 'any',
  makes: 'invalid',
  examine(segment, { slo }) {
    const { end } = segment
    const p99Us = end ? quantileUs(fromPairs(end.engine.sendLagUs), 0.99) : null
    if (!end || p99Us === null) return null
    const { all } = tallyClicks(measuredClicks(segment))
    const p95Ms = percentileMs(all, 0.95) ?? (quantileUs(all.okTimesUs, 1) ?? 0) / 1000
    const excusedMs = Math.min(EXCUSED_MS, SHARE * p95Ms)
    const boundMs = Math.max(ALWAYS_ALLOWED_MS, SHARE * (tightestP95Ms(slo) ?? 0), excusedMs)
    const sends = fromPairs(end.engine.sendLagUs).totalCount
    const late = sends - countAtMost(end.engine.sendLagUs, boundMs * 1000)
    return {
      held: late < FEWEST_LATE || late <= LATE_SHARE * sends,
      value: p99Us / 1000,
      threshold: boundMs,
      says: `p99 of the send lag ${(p99Us / 1000).toFixed(1)} ms (at most ${boundMs.toFixed(0)} ms); ${late} of ${sends} sends were later`,
    }
  },
}
