import type { BottleneckClass } from '../bottleneck.ts'
import { isCpuIsolated, withheldCause } from '../cpu-isolation.ts'
import { confirm, refutedBy } from '../diagnose/confirm.ts'
import { diagnose } from '../diagnose/diagnose.ts'
import { RULES } from '../diagnose/index.ts'
import { diagnosisWindows } from '../diagnose/windows.ts'
import { faultNote } from '../faults/fault-note.ts'
import { faultsAtOnset } from '../faults/surge-faults.ts'
import { repeatedSurges } from '../measure/repeated-surges.ts'
import { surgeResult } from '../measure/surge.ts'
import type { ArmResult, Diagnosis, FaultResult, StepResult, SurgeResult } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { armCapacity } from './arm-capacity.ts'

/**
 * The surges of a run in order; the first is on today's topology. One that was cut off is not among them, nor a void one
 * that was driven again.
 */
export function surgesOf(run: RunData): SurgeResult[] {
  const repeated = repeatedSurges(run)
  const surges = run.segments.filter(
    ({ line, end }) => line.purpose === 'surge' && end !== null && !repeated.has(line.segment),
  )
  const held = (segment: SegmentData) => surgeResult(run, segment).held
  // A surge that held is what its plan comes to: the others lost what they took less, and itself lost nothing.
  const reference = surges.find(held)
  return surges.map((segment) => surgeResult(run, segment, reference))
}

/**
 * What bounds today's topology, held against what the fixes did: the capacity steps around the limit tell it, and where
 * they leave doubt, or are too short to show what the surge shows, the surge around its onset as well. Where the surge held, its peak alone is asked about: what would
 * bind beyond it is no bottleneck of this surge (it stands as the capacity's limit).
 */
export function diagnoseToday(
  run: RunData,
  surges: readonly SurgeResult[],
  arms: readonly ArmResult[],
): Diagnosis {
  const measured = measuredToday(run, surges)
  const found = readToday(measured, new Set())
  const refuted = refutedBy(arms)
  // An experiment outweighs any testimony: what a fix did not move is not what binds, if anything else can be.
  const other = refuted.has(found.bottleneck.class) ? readToday(measured, refuted) : found
  const judged = confirm(other.bottleneck.class === 'none' ? found : other, arms)
  return isCpuIsolated(run) ? judged : withheldCause(judged)
}

/** The cause as far as it can be told before any fix was tried. */
export type EarlyCause = {
  readonly says: string
  /** The steps around the limit speak clearly for one class, or the surge does for one that steps are too short to show. */
  readonly sure: boolean
  /** The classes that it can be: one, or two while it is open between them. */
  readonly between: readonly BottleneckClass[]
}

/** What the surge and the capacity steps driven so far say. */
export function earlyCause(run: RunData): EarlyCause {
  const measured = measuredToday(run, surgesOf(run))
  const { bottleneck } = readToday(measured, new Set())
  return {
    says:
      bottleneck.class === 'none'
        ? `cause: not clear yet (${bottleneck.says})`
        : `cause, ${CONFIDENCE[bottleneck.confidence]}: ${bottleneck.says}`,
    sure: readClearly(measured, new Set()) !== null,
    between: [
      bottleneck.class,
      ...(bottleneck.confidence === 'not-confirmed' && bottleneck.runnerUp ? [bottleneck.runnerUp] : []),
    ].filter((named) => named !== 'none'),
  }
}

/** Today's topology as far as it was measured. */
type Measured = {
  readonly run: RunData
  readonly incident: SurgeResult['incident'] | null
  /** Those that acted when the surge broke. */
  readonly faults: readonly FaultResult[]
  readonly steps: readonly StepResult[]
}

function measuredToday(run: RunData, surges: readonly SurgeResult[]): Measured {
  const todays = new Set(run.arms.filter(({ fixes }) => fixes.length === 0).map(({ arm }) => arm))
  const repeated = repeatedSurges(run)
  const surge = surges.find(({ arm }) => todays.has(arm))
  return {
    run: {
      ...run,
      segments: run.segments.filter(({ line }) => todays.has(line.arm) && !repeated.has(line.segment)),
    },
    incident: surge?.incident ?? null,
    faults: surge ? faultsAtOnset(surge.faults, surge.incident) : [],
    steps: surge?.held ? [] : [...todays].flatMap((arm) => armCapacity(run, arm).steps),
  }
}

/** Readings of one a second over less than this are too few to tell two classes apart. */
const ENOUGH_SEC = 3

function readToday(measured: Measured, refuted: ReadonlySet<BottleneckClass>): Diagnosis {
  const { run, incident, faults, steps } = measured
  const clear = readClearly(measured, refuted)
  if (clear) return clear
  const all = diagnose(run, diagnosisWindows(run, incident, steps), refuted)
  return noting(
    faults,
    all.bottleneck.class === 'none' && incident !== null
      ? diagnose(run, diagnosisWindows(run, incident, []), refuted)
      : all,
  )
}

/** What was measured stands as it was measured; of what system, is said beside it. (Steps have no faults.) */
function noting(faults: readonly FaultResult[], diagnosis: Diagnosis): Diagnosis {
  const { bottleneck } = diagnosis
  return { ...diagnosis, bottleneck: { ...bottleneck, says: `${bottleneck.says}${faultNote(faults)}` } }
}

function readClearly(measured: Measured, refuted: ReadonlySet<BottleneckClass>): Diagnosis | null {
  return shownBySurge(measured, refuted) ?? readSteps(measured, refuted)
}

/**
 * A class that the surge speaks clearly for, and whose signs lie further apart than a step is long: what steps name
 * instead is its symptom. `null`: there is none.
 */
function shownBySurge(
  { run, incident, faults }: Measured,
  refuted: ReadonlySet<BottleneckClass>,
): Diagnosis | null {
  const windows = diagnosisWindows(run, incident, [])
  if (windows.length === 0) return null
  const found = diagnose(run, windows, refuted)
  const { confidence, class: named } = found.bottleneck
  const shown = RULES.some((rule) => rule.class === named && rule.shownBySurge)
  return shown && confidence === 'likely' ? noting(faults, found) : null
}

/**
 * What the steps around the limit say by themselves; `null` when that is not clear. They are the purest picture there is:
 * a surge that climbs within a second drives several resources to their limits at once, whichever comes first.
 */
function readSteps({ run, steps }: Measured, refuted: ReadonlySet<BottleneckClass>): Diagnosis | null {
  const windows = diagnosisWindows(run, null, steps)
  const seconds = windows.reduce((sum, { fromUs, toUs }) => sum + (toUs - fromUs) / 1e6, 0)
  if (seconds < ENOUGH_SEC) return null
  const found = diagnose(run, windows, refuted)
  const { confidence, class: named } = found.bottleneck
  return confidence === 'likely' && named !== 'none' ? found : null
}

const CONFIDENCE = { confirmed: 'confirmed', likely: 'likely', 'not-confirmed': 'not confirmed' } as const
