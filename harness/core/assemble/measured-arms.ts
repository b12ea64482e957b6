import type { ArmsState } from '../choose-arms.ts'
import { nextChoices } from '../choose-levers.ts'
import { isCpuClass, isCpuIsolated, withheldFix } from '../cpu-isolation.ts'
import { demandsStay } from '../demands-stay.ts'
import { applyFixes, armLabel, FIXES, type FixStep } from '../fixes/index.ts'
import {
  type PredictedCapacity,
  predictCapacity,
  type ServiceDemands,
  serviceDemands,
  utilisationAtCapacity,
} from '../model/operational-laws.ts'
import type { ArmFailedLine, ArmLine } from '../record.ts'
import type { ArmResult, Capacity, Estimate, SurgeResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { ratio } from '../search.ts'
import { todaysTopology } from '../todays-topology.ts'
import type { Topology } from '../topology.ts'
import { fixVerdict, verdictWithoutToday } from '../verdicts.ts'
import { type ArmCapacity, armCapacity } from './arm-capacity.ts'
import { armDiagnosis } from './arm-diagnosis.ts'
import { failureWords } from './failure-words.ts'
import { compareSurges, shedsShoppers } from './shed-load.ts'
import { diagnoseToday, surgesOf } from './today.ts'

export type MeasuredArms = { readonly baseline: ArmResult; readonly arms: readonly ArmResult[] }

/** An SLO breaks before a budget is used up; until today's capacity is measured, at about this share of it. */
const TYPICAL_UTILISATION = 0.9

/** Every topology whose capacity was searched, judged against today's. Fixes that were ruled out before are not in it. */
export function measuredArms(run: RunData): MeasuredArms {
  const { scenario } = run.header
  const asked = { peakPerSec: scenario.peakPerSec, keepHeadroom: scenario.keepHeadroom }
  const searched = searchedArms(run)
  const today = searched.find(({ line }) => line.fixes.length === 0)
  const baselineCapacity = today?.found.capacity ?? null
  const baseline: ArmResult = {
    ...armFacts(run, today?.line ?? run.arms[0], today?.found ?? null),
    ratio: null,
    verdict: 'not-run',
    because: baselineCapacity ? "today's topology: what the fixes are compared with" : 'not measured',
    predicted: null,
  }
  const state = stateBefore(run, today?.found.capacity ?? null)
  const arms = searched
    .filter(({ line }) => line.fixes.length > 0)
    .map(({ line, found }): ArmResult => {
      const failure = failureOf(run, line.fixes)
      const gain =
        baselineCapacity && found.capacity && today
          ? told(ratio(found.search, today.found.search), found.capacity.perSec / baselineCapacity.perSec)
          : null
      const withheld = isCpuIsolated(run) ? null : withheldFix(state.today, line.fixes)
      const judge = () => {
        if (failure) return { verdict: 'inconclusive' as const, because: failureWords(failure) }
        if (withheld !== null) return { verdict: 'inconclusive' as const, because: withheld }
        const surge = baselineCapacity && compareSurges(run, line.fixes, baselineCapacity)
        if (shedsShoppers(line.fixes))
          return {
            verdict: surge?.protects ? ('protects' as const) : ('inconclusive' as const),
            because: surge?.says ?? 'the surge without it or with it was not measured soundly',
          }
        if (!found.capacity && surge?.protects) return { verdict: 'protects' as const, because: surge.says }
        if (!found.capacity) return { verdict: 'inconclusive' as const, because: notMeasuredBecause(found) }
        if (!baselineCapacity)
          return verdictWithoutToday(found.capacity, todaysSurge(run)?.held === false, asked)
        const verdict = fixVerdict({ capacity: found.capacity, ratio: gain }, baselineCapacity, asked)
        const raises = verdict.verdict === 'fixes' || verdict.verdict === 'helps'
        return surge?.protects && !raises ? { verdict: 'protects' as const, because: surge.says } : verdict
      }
      return {
        ...armFacts(run, line, found),
        ratio: gain,
        ...judge(),
        predicted: state.predict(line.fixes)?.perSec ?? null,
      }
    })
  return { baseline, arms: [...arms, ...failedArms(run, arms, state)] }
}

/**
 * A ratio whose estimate is the one of the two capacities that are told beside it. A capacity is held within the loads that
 * were driven (beyond the highest it may well lie), and what was not seen must not come back as a factor.
 */
function told({ low, high }: Estimate, quotient: number): Estimate {
  return { estimate: quotient, low: Math.min(low, quotient), high: Math.max(high, quotient) }
}

/** Arms of which nothing was measured, because they did not come up or did not stay up. */
function failedArms(
  run: RunData,
  measured: readonly ArmResult[],
  { today, predict }: ReturnType<typeof stateBefore>,
): ArmResult[] {
  const seen = new Set(measured.map(({ fixes }) => JSON.stringify(fixes)))
  return run.armFailures.flatMap((failure): ArmResult[] => {
    const { fixes, when } = failure
    if (seen.has(JSON.stringify(fixes))) return []
    seen.add(JSON.stringify(fixes))
    return [
      {
        ...armFacts(run, undefined, null),
        ...ofFixes(fixes, today),
        arm: -1,
        topology: run.attached ? null : applyFixes(today, fixes),
        ratio: null,
        verdict: when === 'standing-up' ? 'not-run' : 'inconclusive',
        because: failureWords(failure),
        predicted: predict(fixes)?.perSec ?? null,
      },
    ]
  })
}

function failureOf({ armFailures }: RunData, fixes: readonly FixStep[]): ArmFailedLine | undefined {
  return armFailures.find((failure) => JSON.stringify(failure.fixes) === JSON.stringify(fixes))
}

/** The first sound surge on today's topology; `null`: there was none. */
export function todaysSurge(run: RunData): SurgeResult | null {
  const todays = new Set(run.arms.filter(({ fixes }) => fixes.length === 0).map(({ arm }) => arm))
  return surgesOf(run).find(({ arm, valid }) => todays.has(arm) && valid) ?? null
}

function notMeasuredBecause({ steps }: ArmCapacity): string {
  const last = steps.at(-1)
  return `its capacity could not be measured${last?.verdict === 'invalid' ? ` (${last.because})` : ''}`
}

/** What the choice of further fixes goes by, from what the record holds so far. */
export function armsState(run: RunData): ArmsState {
  const { baseline, arms } = measuredArms(run)
  return {
    ...stateBefore(run, baseline.capacity),
    diagnosed: diagnoseToday(run, surgesOf(run), arms).bottleneck.class,
    asked: run.header.options.fixes ?? [],
    measured: arms.map(({ fixes, verdict }) => ({ fixes, verdict })),
  }
}

/** Capacity as the service demands of today's topology predict it with these fixes, shoppers/s; `null`: nothing could be fitted, or the fixes change them. */
export function predictedPerSec(run: RunData, fixes: readonly FixStep[]): number | null {
  const today = searchedArms(run).find(({ line }) => line.fixes.length === 0)
  return stateBefore(run, today?.found.capacity ?? null).predict(fixes)?.perSec ?? null
}

/** Fixes that were never run, each with its reason, so that the report can say so. */
export function unrunArms(run: RunData): readonly ArmResult[] {
  const state = armsState(run)
  const ended = run.end !== null && run.end.exitCode !== INTERRUPTED
  return nextChoices(state, run.attached?.levers ?? null).map((choice) => ({
    ...ofFixes(choice.fixes, state.today),
    arm: -1,
    topology: run.attached ? null : applyFixes(state.today, choice.fixes),
    capacity: null,
    steps: [],
    ratio: null,
    verdict: 'not-run' as const,
    because:
      choice.notRun ??
      (ended
        ? whyNotTried(run, choice.fixes, state.surelyPerSec ?? null)
        : 'the run ended before it was tried'),
    predicted: choice.predicted?.perSec ?? null,
    limitedBy: null,
  }))
}

/** Exit code of a run that its user stopped. */
const INTERRUPTED = 130

function whyNotTried(run: RunData, fixes: readonly FixStep[], surelyPerSec: number | null): string {
  if (surelyPerSec === null) return "today's capacity could not be measured"
  const carries = () => surelyPerSec >= run.header.scenario.peakPerSec || todaysSurge(run)?.held === true
  return shedsShoppers(fixes) && carries()
    ? 'today carries the peak: nobody would have to wait'
    : 'the time budget was used up'
}

type Searched = { readonly line: ArmLine; readonly found: ArmCapacity }

function searchedArms(run: RunData): Searched[] {
  return run.arms
    .map((line) => ({ line, found: armCapacity(run, line.arm) }))
    .filter(({ line, found }) => found.steps.length > 0 || isSurgedOnly(run, line))
}

/** An arm of which no capacity is searched, once its surge was driven. */
function isSurgedOnly({ segments }: RunData, { arm, fixes }: ArmLine): boolean {
  return (
    shedsShoppers(fixes) &&
    segments.some(({ line, end }) => line.arm === arm && line.purpose === 'surge' && end !== null)
  )
}

function stateBefore(run: RunData, capacity: Pick<Capacity, 'perSec' | 'low'> | null) {
  const { scenario, machine } = run.header
  const todays = run.arms.filter(({ fixes }) => fixes.length === 0)
  const today = todaysTopology(run)
  const demands = demandsOf(run, todays)
  const utilisation =
    demands && capacity ? utilisationAtCapacity(demands, today, capacity.perSec) : TYPICAL_UTILISATION
  const predict = (fixes: readonly FixStep[]): PredictedCapacity | null => {
    // What a lever leads to is in its user's commands.
    if (run.attached) return null
    const topology = applyFixes(today, fixes)
    return demands && demandsStay(today, topology) ? predictCapacity(demands, topology, utilisation) : null
  }
  return {
    today,
    capacityPerSec: capacity?.perSec ?? null,
    surelyPerSec: capacity?.low ?? null,
    demands,
    utilisation,
    peakPerSec: scenario.peakPerSec,
    keepHeadroom: scenario.keepHeadroom,
    hostCores: machine.cores,
    cpuIsolated: isCpuIsolated(run),
    predict,
  }
}

/** Demands from the steps on today's topology, else from the healthy seconds of its surge. */
function demandsOf(run: RunData, todays: readonly ArmLine[]): ServiceDemands | null {
  for (const { arm } of [...todays].reverse()) {
    const demands = serviceDemands(run, arm)
    if (Object.values(demands).some((demand) => demand !== null)) return demands
  }
  return null
}

function armFacts(run: RunData, line: ArmLine | undefined, found: ArmCapacity | null) {
  const limit = found ? armDiagnosis(run, found) : null
  const unheld = limit !== null && isCpuClass(limit.class) && !isCpuIsolated(run)
  const limitedBy =
    limit && limit.class !== 'none' && !unheld ? { class: limit.class, says: limit.says } : null
  return {
    ...ofFixes(line?.fixes ?? [], todaysTopology(run)),
    arm: line?.arm ?? 0,
    topology: line?.topology ?? null,
    capacity: found?.capacity ? { ...found.capacity, limitedBy } : null,
    steps: found?.steps ?? [],
    limitedBy,
  }
}

/** What is known of fixes without trying them. */
function ofFixes(fixes: readonly FixStep[], today: Topology) {
  return {
    fixes,
    label: armLabel(fixes, today),
    cost: fixes.reduce((sum, { id, step }) => sum + FIXES[id].cost(step), 0),
    sideEffects: fixes.map(({ id }) => FIXES[id].sideEffect),
  }
}
