import type { Check } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { brokenRule } from './broken-rule.ts'
import { type SegmentCheck, type SegmentFacts, segmentFacts } from './check.ts'
import { arrivalsDispersion } from './checks/arrivals-dispersion.ts'
import { arrivalsOnTime } from './checks/arrivals-on-time.ts'
import { clicksSent } from './checks/clicks-sent.ts'
import { drift } from './checks/drift.ts'
import { generatorCpu } from './checks/generator-cpu.ts'
import { generatorLoop } from './checks/generator-loop.ts'
import { hostContention } from './checks/host-contention.ts'
import { littlesLaw } from './checks/littles-law.ts'
import { notCutShort } from './checks/not-cut-short.ts'
import { ranToEnd } from './checks/ran-to-end.ts'
import { sampleCount } from './checks/sample-count.ts'
import { sendLag } from './checks/send-lag.ts'
import { shoppersStarted } from './checks/shoppers-started.ts'
import { repeatedSurges } from './repeated-surges.ts'
import { judgeSlo } from './slo.ts'
import { measuredClicks, tallyClicks } from './tally-clicks.ts'

/** Every check there is, the gravest first: the first that does not hold decides what a segment becomes. */
const CHECKS: readonly SegmentCheck[] = [
  ranToEnd,
  sendLag,
  clicksSent,
  shoppersStarted,
  arrivalsOnTime,
  arrivalsDispersion,
  generatorCpu,
  generatorLoop,
  hostContention,
  littlesLaw,
  notCutShort,
  sampleCount,
  drift,
]

export type SegmentValidity = {
  /** `null`: the verdict stands. */
  readonly becomes: SegmentCheck['makes'] | null
  readonly because: string | null
  readonly checks: readonly Check[]
}

/**
 * Whether a segment may be believed, given what it would say otherwise. Only checks that apply to that verdict are
 * made (DESIGN §8): generator checks always, outside contention to a fail, steady-state checks to a step that would pass.
 */
export function segmentValidity(
  segment: SegmentData,
  facts: SegmentFacts,
  verdict: 'pass' | 'fail',
): SegmentValidity {
  const steadyState = segment.line.purpose === 'step'
  const checks: Check[] = []
  let becomes: SegmentValidity['becomes'] = null
  let because: string | null = null
  for (const check of CHECKS) {
    if (check.voids !== 'any' && check.voids !== verdict) continue
    if (check.voids === 'pass' && !steadyState) continue
    const finding = check.examine(segment, facts)
    if (!finding) continue
    checks.push({ name: check.name, segment: segment.line.segment, ...finding })
    if (finding.held || becomes !== null) continue
    becomes = check.makes
    because = `${check.name}: ${finding.says}`
  }
  return { becomes, because, checks }
}

export type RunValidity = {
  readonly trusted: boolean
  readonly reasons: readonly string[]
  readonly checks: readonly Check[]
}

/**
 * A step is tried three times at most: the third void in a row ends the search (DESIGN §8). On today's topology it voids
 * the run when no step of it can be believed; above loads that were carried it only says that this machine cannot send
 * more than those. On a fix it leaves that fix unmeasured (a bigger topology may take the CPU that sending needs).
 */
const TRIES = 3

/**
 * Whether the answers of a run may be believed: every surge is a measurement, and today's capacity has steps to go by. A
 * void step or surge that was repeated does no harm: nothing counts it.
 */
export function runValidity(run: RunData): RunValidity {
  const reasons: string[] = []
  const checks: Check[] = []
  const voidInARow = new Map<number, number>()
  const believed = new Set<number>()
  const gaveUp = new Map<number, string>()
  const repeated = repeatedSurges(run)
  for (const segment of run.segments) {
    const { purpose, arm, segment: id } = segment.line
    if (purpose !== 'surge' && purpose !== 'step') continue
    // A record that ends early ends inside a segment: that one is partial, not wrong.
    if (!segment.end && run.end === null) continue
    const facts = segmentFacts(run, segment)
    const held =
      brokenRule(segment) === null && judgeSlo(tallyClicks(measuredClicks(segment)), facts.slo).held
    const validity = segmentValidity(segment, facts, held ? 'pass' : 'fail')
    checks.push(...validity.checks)
    const isVoid = validity.becomes === 'invalid'
    if (purpose === 'surge') {
      if (isVoid && !repeated.has(id))
        reasons.push(`surge on arm ${arm} (segment ${id}): ${validity.because}`)
      continue
    }
    const inARow = isVoid ? (voidInARow.get(arm) ?? 0) + 1 : 0
    voidInARow.set(arm, inARow)
    if (!isVoid && validity.becomes === null) believed.add(arm)
    if (inARow === TRIES) gaveUp.set(arm, `${TRIES} steps in a row on arm ${arm}: ${validity.because}`)
  }
  const todays = new Set(run.arms.filter(({ fixes }) => fixes.length === 0).map(({ arm }) => arm))
  for (const [arm, reason] of gaveUp) if (todays.has(arm) && !believed.has(arm)) reasons.push(reason)
  return { trusted: reasons.length === 0, reasons, checks }
}
