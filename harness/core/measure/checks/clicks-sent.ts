import type { SegmentCheck } from '../check.ts'
import { fromPairs } from '../histogram.ts'
import { measuredClicks } from '../tally-clicks.ts'

/** Nighthawk's send-rate metric (field notes on capacity, §3): below 99 % the generator, not the shop, is the limit. */
const LOWEST_SHARE = 0.99

/**
 * Clicks sent ÷ clicks intended. First attempts are counted (reloads would hide a shortfall), by their send lags.
 * Clicks dropped at our in-flight cap count as sent: they are failed clicks, and a full cap is the target's overload.
 */
export const clicksSent: SegmentCheck = {
  name: 'clicks sent',
  voids: 'any',
  makes: 'invalid',
  examine(segment) {
    const engine = segment.end?.engine
    if (!engine || engine.clicksIntended === 0) return null
    const dropped = measuredClicks(segment)
      .filter(({ outcome }) => outcome === 'dropped')
      .reduce((sum, { n }) => sum + n, 0)
    const value = (fromPairs(engine.sendLagUs).totalCount + dropped) / engine.clicksIntended
    return {
      held: value >= LOWEST_SHARE,
      value,
      threshold: LOWEST_SHARE,
      says: `${(value * 100).toFixed(1)} % of the clicks asked for were sent (at least ${LOWEST_SHARE * 100} %)`,
    }
  },
}
