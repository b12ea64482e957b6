import type { SegmentCheck } from '../check.ts'

/** As for clicks: below 99 % the generator, not the shop, is the limit (field notes on capacity, §3). */
const LOWEST_SHARE = 0.99

/** Shoppers who arrived ÷ shoppers who were to arrive. */
export const shoppersStarted: SegmentCheck = {
  name: 'shoppers started',
  voids: 'any',
  makes: 'invalid',
  examine({ end }) {
    if (!end || end.engine.sessionsIntended === 0) return null
    const value = end.engine.sessionsStarted / end.engine.sessionsIntended
    return {
      held: value >= LOWEST_SHARE,
      value,
      threshold: LOWEST_SHARE,
      says: `${(value * 100).toFixed(1)} % of the shoppers arrived (at least ${LOWEST_SHARE * 100} %)`,
    }
  },
}
