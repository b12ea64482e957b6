import type { ArmsState } from '../choose-arms.ts'
import { nextArms } from '../choose-arms.ts'
import { applyFixes, armLabel, FIXES, type FixStep } from '../fixes.ts'
import {
  type PredictedCapacity,
  predictCapacity,
  type ServiceDemands,
  serviceDemands,
  utilisationAtCapacity,
} from '../model/operational-laws.ts'
import type { ArmLine } from '../record.ts'
import type { ArmResult, Capacity } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { ratio } from '../search.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../topology.ts'
import { fixVerdict } from '../verdicts.ts'
import { type ArmCapacity, armCapacity } from './arm-capacity.ts'
import { armDiagnosis } from './arm-diagnosis.ts'

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
      const gain =
        baselineCapacity && found.capacity && today ? ratio(found.search, today.found.search) : null
      const judge = () => {
        if (!baselineCapacity)
          return { verdict: 'inconclusive' as const, because: "today's capacity was not measured" }
        if (!found.capacity) return { verdict: 'inconclusive' as const, because: notMeasuredBecause(found) }
        return fixVerdict({ capacity: found.capacity, ratio: gain }, baselineCapacity, asked)
      }
      return {
        ...armFacts(run, line, found),
        ratio: gain,
        ...judge(),
        predicted: state.predict(line.fixes)?.perSec ?? null,
      }
    })
  return { baseline, arms }
}

function notMeasuredBecause({ steps }: ArmCapacity): string {
  const last = steps.at(-1)
  return `its capacity could not be measured${last?.verdict === 'invalid' ? ` (${last.because})` : ''}`
}

/** What the choice of further fixes goes by, from what the record holds so far. */
export function armsState(run: RunData): ArmsState & {
  /** Capacity of today's topology as its service demands predict it, shoppers/s. */
  readonly todayPredicted: number | null
  readonly predict: (fixes: readonly FixStep[]) => PredictedCapacity | null
} {
  const { baseline, arms } = measuredArms(run)
  return {
    ...stateBefore(run, baseline.capacity),
    measured: arms.map(({ fixes, verdict }) => ({ fixes, verdict })),
  }
}

/** Fixes that were never run, each with its reason, so that the report can say so. */
export function unrunArms(run: RunData): readonly ArmResult[] {
  const state = armsState(run)
  const ended = run.end !== null
  return nextArms(state).map((choice) => ({
    arm: -1,
    fixes: choice.fixes,
    label: choice.label,
    topology: applyFixes(state.today, choice.fixes),
    capacity: null,
    steps: [],
    ratio: null,
    verdict: 'not-run' as const,
    because: choice.notRun ?? (ended ? 'the time budget was used up' : 'the run ended before it was tried'),
    predicted: choice.predicted?.perSec ?? null,
    limitedBy: null,
    cost: choice.cost,
    sideEffects: choice.fixes.map(({ id }) => FIXES[id].sideEffect),
  }))
}

type Searched = { readonly line: ArmLine; readonly found: ArmCapacity }

function searchedArms(run: RunData): Searched[] {
  return run.arms
    .map((line) => ({ line, found: armCapacity(run, line.arm) }))
    .filter(({ found }) => found.steps.length > 0)
}

function stateBefore(run: RunData, capacity: Pick<Capacity, 'perSec'> | null) {
  const { scenario, machine } = run.header
  const todays = run.arms.filter(({ fixes }) => fixes.length === 0)
  const today: Topology = todays[0]?.topology ?? DEFAULT_TOPOLOGY
  const demands = demandsOf(run, todays)
  const utilisation =
    demands && capacity ? utilisationAtCapacity(demands, today, capacity.perSec) : TYPICAL_UTILISATION
  const predict = (fixes: readonly FixStep[]): PredictedCapacity | null =>
    demands ? predictCapacity(demands, applyFixes(today, fixes), utilisation) : null
  return {
    today,
    demands,
    utilisation,
    peakPerSec: scenario.peakPerSec,
    keepHeadroom: scenario.keepHeadroom,
    hostCores: machine.cores,
    predict,
    todayPredicted: predict([])?.perSec ?? null,
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
  const fixes = line?.fixes ?? []
  const limit = found ? armDiagnosis(run, found) : null
  const limitedBy = limit && limit.class !== 'none' ? { class: limit.class, says: limit.says } : null
  return {
    arm: line?.arm ?? 0,
    fixes,
    label: armLabel(fixes),
    topology: line?.topology ?? null,
    capacity: found?.capacity ? { ...found.capacity, limitedBy } : null,
    steps: found?.steps ?? [],
    limitedBy,
    cost: fixes.reduce((sum, { id, step }) => sum + FIXES[id].cost(step), 0),
    sideEffects: fixes.map(({ id }) => FIXES[id].sideEffect),
  }
}
