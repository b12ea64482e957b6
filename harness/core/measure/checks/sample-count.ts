import { clicksToJudge } from '../../samples-needed.ts'
import type { SegmentCheck } from '../check.ts'
import { measuredClicks } from '../tally-clicks.ts'

/**
 * Enough clicks for a one-sided 95 % statement about at least the least demanding percentile objective (59 for p95, 299
 * for p99: field notes on capacity, §3); the others are reported as not judged.
 */
export const sampleCount: SegmentCheck = {
  name: 'enough clicks',
  voids: 'pass',
  makes: 'inconclusive',
  examine(segment, { slo }) {
    const threshold = clicksToJudge(slo)
    const value = measuredClicks(segment).reduce((sum, { n }) => sum + n, 0)
    return { held: value >= threshold, value, threshold, says: `${value} clicks (at least ${threshold})` }
  },
}
