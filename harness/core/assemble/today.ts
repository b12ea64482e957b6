import type { BottleneckClass } from '../bottleneck.ts'
import { confirm } from '../diagnose/confirm.ts'
import { diagnose } from '../diagnose/diagnose.ts'
import { diagnosisWindows } from '../diagnose/windows.ts'
import { repeatedSurges } from '../measure/repeated-surges.ts'
import { surgeResult } from '../measure/surge.ts'
import type { ArmResult, Diagnosis, SurgeResult } from '../result.ts'
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
 * What bounds today's topology: read from the surge around its onset and from the capacity steps around the limit, then
 * held against what the fixes did. Where the surge held, its peak alone is asked about: what would bind beyond it is no
 * bottleneck of this surge (it stands as the capacity's limit).
 */
export function diagnoseToday(
  run: RunData,
  surges: readonly SurgeResult[],
  arms: readonly ArmResult[],
): Diagnosis {
  const todays = new Set(run.arms.filter(({ fixes }) => fixes.length === 0).map(({ arm }) => arm))
  const repeated = repeatedSurges(run)
  const own: RunData = {
    ...run,
    segments: run.segments.filter(({ line }) => todays.has(line.arm) && !repeated.has(line.segment)),
  }
  const steps = [...todays].flatMap((arm) => armCapacity(run, arm).steps)
  const surge = surges.find(({ arm }) => todays.has(arm))
  const found = diagnose(own, diagnosisWindows(own, surge?.incident ?? null, surge?.held ? [] : steps))
  return confirm(found, arms)
}

/** The cause as far as it can be told before any fix was tried. */
export type EarlyCause = {
  readonly says: string
  /** One class fits clearly better than any other. */
  readonly sure: boolean
  /** The class that fits best, and the one it could be instead. */
  readonly between: readonly BottleneckClass[]
}

/** Reads the surge around its onset, or the capacity steps around the limit alone. */
export function earlyCause(run: RunData, from: 'surge' | 'steps'): EarlyCause {
  const surges = surgesOf(run)
  const { bottleneck } = diagnoseToday(run, from === 'surge' ? surges : [], [])
  return {
    says:
      bottleneck.class === 'none'
        ? `cause: not clear yet (${bottleneck.says})`
        : `cause, ${CONFIDENCE[bottleneck.confidence]}: ${bottleneck.says}`,
    sure: bottleneck.confidence === 'likely' && bottleneck.class !== 'none',
    between: [bottleneck.class, ...(bottleneck.runnerUp ? [bottleneck.runnerUp] : [])],
  }
}

const CONFIDENCE = { confirmed: 'confirmed', likely: 'likely', 'not-confirmed': 'not confirmed' } as const
