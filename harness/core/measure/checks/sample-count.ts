import { samplesNeeded } from '../../samples-needed.ts'
import type { SegmentCheck } from '../check.ts'
import { measuredClicks } from '../tally-clicks.ts'

/** With no percentile promised at all, what p95 would need. */
const USUAL_CLICKS = 59

/**
 * Enough clicks for a one-sided 95 % statement about at least the least demanding percentile objective (59 for p95, 299
 * for p99: field notes on capacity, §3); the others are reported as not judged.
 */
export const sampleCount: SegmentCheck = {
  name: 'enough clicks',
  voids: 'pass',
  makes: 'inconclusive',
  examine(segment, { slo }) {
    const objectives = slo['all'] ? [slo['all']] : Object.values(slo)
    const needs = objectives.flatMap(samplesNeeded).filter(({ bound }) => bound !== 'errors')
    const threshold = needs.length === 0 ? USUAL_CLICKS : Math.min(...needs.map(({ clicks }) => clicks))
    const value = measuredClicks(segment).reduce((sum, { n }) => sum + n, 0)
    return { held: value >= threshold, value, threshold, says: `${value} clicks (at least ${threshold})` }
  },
}
