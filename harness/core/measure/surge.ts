import { faultedUntilSec, surgeFaults } from '../faults/surge-faults.ts'
import { armLabel } from '../fixes/index.ts'
import { impact } from '../impact.ts'
import { incident } from '../incident.ts'
import { planDurationSec } from '../plan.ts'
import type { SurgeResult, SurgeSecond } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { todaysTopology } from '../todays-topology.ts'
import { brokenRule } from './broken-rule.ts'
import { segmentFacts } from './check.ts'
import { drivenSec } from './driven-sec.ts'
import { redirectsAway } from './redirects-away.ts'
import { saturationSignals } from './saturation.ts'
import { judgeSlo } from './slo.ts'
import { surgeSeconds } from './surge-seconds.ts'
import { measuredClicks, tallyClicks } from './tally-clicks.ts'
import { segmentValidity } from './validity.ts'

/**
 * One surge on one arm, boiled down. It HOLDS when over the clicks of all its seconds every objective holds, AND the
 * SLO was at no time broken for three seconds in a row (no onset): an outage of seconds can hide in the percentile of a
 * minute. One that a rule of the scenario ended did not hold. `reference` is a surge of the same plan that held, from which the orders lost are counted.
 */
export function surgeResult(run: RunData, segment: SegmentData, reference?: SegmentData): SurgeResult {
  const { scenario } = run.header
  const compressed = scenario.speed !== undefined
  const facts = segmentFacts(run, segment)
  const away = redirectsAway(segment)
  const seconds = surgeSeconds(run, segment)
  const faults = surgeFaults(run, segment)
  const story = incident({
    seconds,
    signals: saturationSignals(run, segment),
    p95BoundMs: scenario.slo['all']?.p95Ms ?? null,
    normalPerSec: scenario.normalPerSec,
    drainSec: (scenario.patience.timeoutMs * (1 + scenario.patience.reloads)) / 1000,
    faultedUntilSec: faultedUntilSec(faults),
  })
  const slo = judgeSlo(tallyClicks(measuredClicks(segment)), scenario.slo)
  const rule = brokenRule(segment)
  const held = slo.held && story.onsetSec === null && rule === null
  const validity = segmentValidity(segment, facts, held ? 'pass' : 'fail')
  const arm = run.arms.find((line) => line.arm === segment.line.arm)
  return {
    arm: segment.line.arm,
    label: armLabel(arm?.fixes ?? [], todaysTopology(run)),
    segment: segment.line.segment,
    held,
    because:
      rule !== null
        ? endedWords(segment, rule, compressed)
        : because(slo, story.onsetSec, compressed ? null : planDurationSec(segment.line.plan)),
    endedEarly: rule === null ? null : endedWords(segment, rule, compressed),
    failedChecks: failedChecks(segment),
    ...(away.length > 0 && { redirectsAway: away }),
    faults,
    seconds,
    incident: story,
    impact: impact(run, segment, reference),
    peakClicksPerSec: peakClicksPerSec(seconds),
    valid: validity.becomes !== 'invalid',
    invalidBecause: validity.because,
  }
}

/** More reasons than this are told by the record alone. */
const MOST_REASONS = 10

function failedChecks({ end }: SegmentData): SurgeResult['failedChecks'] {
  return Object.entries(end?.engine.checkFailures ?? {})
    .map(([reason, n]) => ({ reason, n }))
    .sort((a, b) => b.n - a.n)
    .slice(0, MOST_REASONS)
}

function endedWords(segment: SegmentData, rule: string, compressed: boolean): string {
  return `its load was ended${compressed ? '' : ` after ${Math.floor(drivenSec(segment))} s`}: ${rule}`
}

/** `durationSec` null: the surge is compressed, and its times are nobody's. */
function because(
  slo: ReturnType<typeof judgeSlo>,
  onsetSec: number | null,
  durationSec: number | null,
): string {
  if (slo.broken.length > 0) return slo.broken.join('; ')
  if (onsetSec !== null)
    return `the SLO was broken for 3 s in a row${durationSec === null ? '' : ` from +${onsetSec} s on`}`
  if (slo.judged === 0) return 'too few clicks to judge'
  const unjudged = slo.notJudged.length > 0 ? `; not judged: ${slo.notJudged.join(', ')}` : ''
  const whole = durationSec === null ? 'replay' : `${Math.round(durationSec)} s`
  return `every objective holds over the whole ${whole}${unjudged}`
}

/** The highest mean over three seconds in a row: one second alone is chance. */
function peakClicksPerSec(seconds: readonly SurgeSecond[]): number {
  let peak = 0
  for (let i = 0; i < seconds.length; i++) {
    const three = seconds.slice(i, i + 3)
    peak = Math.max(peak, three.reduce((sum, { clicks }) => sum + clicks, 0) / three.length)
  }
  return peak
}
