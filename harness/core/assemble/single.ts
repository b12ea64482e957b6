import { faultNote } from '../faults/fault-note.ts'
import { faultsAtOnset } from '../faults/surge-faults.ts'
import type { CapacityResult, DiagnoseResult, RunResult, StepResult, WhatIfResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { conclude } from '../verdicts.ts'
import { commonOf, invariantsOf, uncheckedOf } from './common.ts'
import { measuredArms, todaysSurge, unrunArms } from './measured-arms.ts'
import { ratesOnly } from './rates-only.ts'
import { diagnoseToday, surgesOf } from './today.ts'
import { diagnoseWatched, NOTHING_READ } from './watched.ts'

/** The result of `run`: one surge on today's topology. Returns `null` when the record holds no whole surge. */
export function assembleRun(run: RunData): RunResult | null {
  const surge = surgesOf(run)[0]
  if (!surge) return null
  const { bottleneck, ruledOut } = diagnoseToday(run, [surge], [])
  const told = ratesOnly(run, surge)
  const invariants = invariantsOf(run)
  const verdict = !surge.valid ? 'invalid' : surge.held ? 'holds' : 'does-not-hold'
  const broken = invariants.filter(({ held }) => !held).length
  const exit =
    verdict === 'invalid'
      ? { code: 5, meaning: 'do not believe this measurement' }
      : broken > 0
        ? { code: 1, meaning: `${broken} invariant(s) broken: the shop gave wrong results under load` }
        : verdict === 'holds'
          ? { code: 0, meaning: 'the surge holds' }
          : {
              code: 1,
              meaning: `the surge does not hold${surge.endedEarly === null ? '' : `, ${surge.endedEarly}`}; this is an answer, not a crash`,
            }
  const headline =
    verdict === 'invalid'
      ? 'Do not believe this measurement: something other than the shop had a part in it.'
      : verdict === 'holds'
        ? `The surge holds: ${surge.because}.`
        : `The surge does not hold: ${surge.because}${faultNote(faultsAtOnset(surge.faults, surge.incident))}.`
  return {
    ...commonOf(run, 'run', { headline, exit }),
    verdict,
    surge: told,
    incident: told.incident,
    impact: told.impact,
    bottleneck,
    ruledOut,
    invariants,
    ...uncheckedOf(run),
    report: null,
    header: run.header,
  }
}

/** The result of `capacity`: the search on today's topology, held against `--at-least` when that was asked. */
export function assembleCapacity(run: RunData, atLeastPerSec: number | null): CapacityResult {
  const { baseline } = measuredArms(run)
  const { capacity, steps } = baseline
  const voided = endedInvalid(steps)
  const atLeast =
    atLeastPerSec === null
      ? null
      : { perSec: atLeastPerSec, held: capacity !== null && capacity.low >= atLeastPerSec }
  const common = (headline: string, exit: CapacityResult['exit'], reasons: readonly string[] = []) =>
    commonOf(run, 'capacity', { headline, exit, reasons })
  const rest = { usl: null, steps, atLeast, report: null } as const
  if (voided || run.end?.exitCode === 5)
    return {
      ...common('Do not believe this measurement.', { code: 5, meaning: 'do not believe this measurement' }),
      capacity: null,
      ...rest,
    }
  if (!capacity)
    return {
      ...common('No capacity could be measured.', { code: 3, meaning: 'no trustworthy answer either way' }),
      capacity: null,
      ...rest,
    }
  const range = `${round(capacity.perSec)} shoppers/s (${round(capacity.low)}–${round(capacity.high)})`
  if (!atLeast)
    return {
      ...common(`Capacity is ${range}.`, { code: 0, meaning: 'capacity was measured' }),
      capacity,
      ...rest,
    }
  if (atLeast.held)
    return {
      ...common(`Capacity is ${range}: at least ${round(atLeast.perSec)}.`, {
        code: 0,
        meaning: `capacity is at least ${round(atLeast.perSec)} shoppers/s`,
      }),
      capacity,
      ...rest,
    }
  if (capacity.high < atLeast.perSec)
    return {
      ...common(`Capacity is ${range}: less than ${round(atLeast.perSec)}.`, {
        code: 1,
        meaning: `capacity is below ${round(atLeast.perSec)} shoppers/s`,
      }),
      capacity,
      ...rest,
    }
  return {
    ...common(`Capacity is ${range}: that does not tell whether it is at least ${round(atLeast.perSec)}.`, {
      code: 3,
      meaning: 'the interval straddles what was asked; give it more time with --budget',
    }),
    capacity,
    ...rest,
  }
}

/** The result of `whatif`: fixes compared with today by capacity, no surge. */
export function assembleWhatIf(run: RunData): WhatIfResult {
  const { baseline, arms } = measuredArms(run)
  const { peakPerSec, keepHeadroom } = run.header.scenario
  const all = [...arms, ...unrunArms(run)]
  const surgeHeld = todaysSurge(run)?.held === true
  const conclusion = surgeHeld
    ? `Today held the surge of ${round(peakPerSec)} shoppers/s when it was driven: there is nobody to turn away.`
    : conclude(baseline.capacity, all, { peakPerSec, keepHeadroom })
  const invalid = endedInvalid(baseline.steps) || run.end?.exitCode === 5
  const exit = invalid
    ? { code: 5, meaning: 'do not believe this measurement' }
    : !baseline.capacity
      ? { code: 3, meaning: 'no trustworthy answer either way' }
      : baseline.capacity.low >= peakPerSec * (1 + keepHeadroom) || surgeHeld
        ? { code: 0, meaning: "today's topology holds" }
        : all.every(({ capacity, verdict }) => capacity === null && verdict !== 'protects')
          ? {
              code: 3,
              meaning: 'no fix could be measured',
            }
          : { code: 1, meaning: "today's topology does not hold the peak; this is an answer, not a crash" }
  return {
    ...commonOf(run, 'whatif', { headline: conclusion, exit }),
    baseline,
    arms: all,
    conclusion,
    report: null,
  }
}

/** The result of `diagnose`: what bound today's topology in a record made earlier. */
export function assembleDiagnosis(run: RunData): DiagnoseResult {
  const watched = run.watched && diagnoseWatched(run, run.watched)
  const measured =
    watched !== null || run.segments.some(({ line, end }) => end !== null && line.purpose !== 'warm-up')
  // A load that somebody else drove has neither surges nor arms.
  const diagnosis =
    run.header.command === 'watch'
      ? (watched ?? NOTHING_READ)
      : diagnoseToday(run, surgesOf(run), measuredArms(run).arms)
  const { says, class: name } = diagnosis.bottleneck
  return {
    ...commonOf(run, 'diagnose', {
      headline: !measured
        ? 'Nothing was measured: the record ends before a surge or a step did.'
        : name === 'none'
          ? `Nothing bounded capacity: ${says}.`
          : says,
      exit: measured
        ? { code: 0, meaning: 'the record was read' }
        : { code: 3, meaning: 'the record holds nothing to diagnose' },
    }),
    ...diagnosis,
  }
}

/** The last three steps were void: the search gave up (DESIGN §8). */
function endedInvalid(steps: readonly StepResult[]): boolean {
  return steps.length >= 3 && steps.slice(-3).every(({ verdict }) => verdict === 'invalid')
}

function round(perSec: number): string {
  return perSec < 10 ? String(Number(perSec.toFixed(1))) : String(Math.round(perSec))
}
