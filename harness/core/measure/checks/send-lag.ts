import type { SegmentCheck } from '../check.ts'
import { countAtMost, fromPairs, quantileUs } from '../histogram.ts'
import { tightestP95Ms } from '../slo.ts'

/**
 * Response times count from the intended start, so a late send is charged to the shop. 5 % of the tightest bound
 * (field notes on capacity, §3: p99 send lateness above 1-5 % of the SLO) cannot turn a verdict; 10 ms is what a
 * timer and one pass of an event loop may take.
 */
const SHARE_OF_BOUND = 0.05
const ALWAYS_ALLOWED_MS = 10
const LATE_SHARE = 0.01
/** In a short step p99 is the slowest send of all: one or two late sends of eighty are a hiccup, not a slow engine. */
const FEWEST_LATE = 3

/** p99 of sent − intended stays small: at most 1 % of the sends (and never just one or two) were later. */
export const sendLag: SegmentCheck = {
  name: 'send lag',
  voids: 'any',
  makes: 'invalid',
  examine({ end }, { slo }) {
    const p99Us = end ? quantileUs(fromPairs(end.engine.sendLagUs), 0.99) : null
    if (!end || p99Us === null) return null
    const boundMs = Math.max(ALWAYS_ALLOWED_MS, SHARE_OF_BOUND * (tightestP95Ms(slo) ?? 0))
    const sends = fromPairs(end.engine.sendLagUs).totalCount
    const late = sends - countAtMost(end.engine.sendLagUs, boundMs * 1000)
    return {
      held: late < FEWEST_LATE || late <= LATE_SHARE * sends,
      value: p99Us / 1000,
      threshold: boundMs,
      says: `p99 of the send lag ${(p99Us / 1000).toFixed(1)} ms (at most ${boundMs} ms); ${late} of ${sends} sends were later`,
    }
  },
}
