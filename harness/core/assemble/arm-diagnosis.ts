import { diagnose } from '../diagnose/diagnose.ts'
import { diagnosisWindows } from '../diagnose/windows.ts'
import type { Bottleneck } from '../result.ts'
import type { RunData } from '../run-data.ts'
import type { ArmCapacity } from './arm-capacity.ts'

/** What bounds the capacity of one arm, read from its steps around the limit; `null` when it had none. */
export function armDiagnosis(run: RunData, { steps, segments }: ArmCapacity): Bottleneck | null {
  const own: RunData = { ...run, segments }
  const windows = diagnosisWindows(own, null, steps)
  return windows.length === 0 ? null : diagnose(own, windows).bottleneck
}
