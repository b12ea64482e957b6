import { planDurationSec } from '../plan.ts'
import type { StepResult } from '../result.ts'
import type { SegmentData } from '../run-data.ts'
import { brokenRule } from './broken-rule.ts'
import type { SegmentFacts } from './check.ts'
import { completionsBySecond } from './completions.ts'
import { drivenSec } from './driven-sec.ts'
import { meanRate } from './mean-rate.ts'
import { judgeSlo } from './slo.ts'
import { errorRatio, measuredClicks, percentileMs, tallyClicks } from './tally-clicks.ts'
import { segmentValidity } from './validity.ts'

/**
 * One step of a capacity search, judged. Pass and fail go by point estimate: the search weighs all steps with a noise
 * model, and a verdict that already held back near the limit would blind it there. `inconclusive` is a would-be pass
 * with too few clicks or cut short; `invalid` is no measurement at all. Overload, a growing queue too, is always a fail.
 * Offered load is in shoppers/s; achieved is clicks completed per second of the step.
 */
export function stepResult(segment: SegmentData, facts: SegmentFacts): StepResult {
  const { plan, startUs, segment: id } = segment.line
  const tallies = tallyClicks(measuredClicks(segment))
  const slo = judgeSlo(tallies, facts.slo)
  // Nothing to judge by is no fail: as a pass it will be held back for its few clicks.
  const rule = brokenRule(segment)
  const would = slo.broken.length === 0 && rule === null ? 'pass' : 'fail'
  const validity = segmentValidity(segment, facts, would)
  return {
    segment: id,
    offeredPerSec: meanRate(plan.curve, 0, planDurationSec(plan)),
    achievedPerSec: achievedPerSec(segment, startUs, drivenSec(segment)),
    clicks: tallies.all.clicks,
    p50Ms: percentileMs(tallies.all, 0.5),
    p95Ms: percentileMs(tallies.all, 0.95),
    p99Ms: percentileMs(tallies.all, 0.99),
    errorRatio: errorRatio(tallies.all),
    verdict: validity.becomes ?? (slo.judged === 0 && rule === null ? 'inconclusive' : would),
    because: validity.because ?? (rule === null ? because(slo) : `ended early: ${rule}`),
  }
}

function because(slo: ReturnType<typeof judgeSlo>): string {
  if (slo.broken.length > 0) return slo.broken.join('; ')
  if (slo.judged === 0) return `too few clicks to judge: ${slo.notJudged.join(', ')}`
  if (slo.notJudged.length > 0) return `every objective judged holds; not judged: ${slo.notJudged.join(', ')}`
  return 'every objective holds'
}

/** By second of completion, over what the generator's readings cover of the step; else what the engine counted. */
function achievedPerSec(segment: SegmentData, startUs: number, durationSec: number): number {
  if (durationSec === 0) return 0
  const readings = segment.series.filter(({ probe }) => probe === 'generator')
  const coveredSec = Math.min(durationSec, Math.max(0, ...readings.map(({ atUs }) => (atUs - startUs) / 1e6)))
  if (coveredSec === 0) return (segment.end?.engine.clicksDone ?? 0) / durationSec
  let completed = 0
  for (const [sec, n] of completionsBySecond(readings, startUs)) {
    // A step of 3.6 s ends inside a second, of which only its share counts.
    if (sec >= 0) completed += n * Math.max(0, Math.min(1, coveredSec - sec))
  }
  return completed / coveredSec
}
