import type { Objective, Slo } from './scenario.ts'

/** Clicks an objective needs before it can be judged at all. */
export type SamplesNeeded = { readonly bound: 'p50' | 'p95' | 'p99' | 'errors'; readonly clicks: number }

const CONFIDENCE = 0.95

/**
 * Clicks each bound of an objective needs: the fewest n whose largest value lies above the q-quantile with 95 %
 * confidence, q^n ≤ 0.05, so n ≥ ln 0.05 / ln q (the one-sided order-statistic bound; p95: 59, p99: 299). A bound of
 * r on the error ratio asks for the same with q = 1 − r: that many clicks without one error.
 */
export function samplesNeeded(objective: Objective): readonly SamplesNeeded[] {
  const needed: SamplesNeeded[] = []
  if (objective.p50Ms !== undefined) needed.push({ bound: 'p50', clicks: clicksFor(0.5) })
  if (objective.p95Ms !== undefined) needed.push({ bound: 'p95', clicks: clicksFor(0.95) })
  if (objective.p99Ms !== undefined) needed.push({ bound: 'p99', clicks: clicksFor(0.99) })
  if (objective.errorRatio !== undefined)
    needed.push({ bound: 'errors', clicks: clicksFor(1 - objective.errorRatio) })
  return needed
}

/** With no percentile promised at all, what p95 would need. */
const USUAL_CLICKS = 59

/** Clicks without which nothing can be said: what the least demanding percentile objective needs. */
export function clicksToJudge(slo: Slo): number {
  const objectives = slo['all'] ? [slo['all']] : Object.values(slo)
  const needs = objectives.flatMap(samplesNeeded).filter(({ bound }) => bound !== 'errors')
  return needs.length === 0 ? USUAL_CLICKS : Math.min(...needs.map(({ clicks }) => clicks))
}

function clicksFor(q: number): number {
  return q <= 0 ? 1 : Math.ceil(Math.log(1 - CONFIDENCE) / Math.log(q))
}
