import { planDurationSec } from '../plan.ts'
import type { SegmentData } from '../run-data.ts'

/** Length of the measured part that was really driven, seconds: the plan's, or less when it was ended early. */
export function drivenSec({ line, end }: Pick<SegmentData, 'line' | 'end'>): number {
  const plannedSec = planDurationSec(line.plan)
  return end?.engine.endedEarly === undefined ? plannedSec : Math.min(plannedSec, end.engine.durationSec)
}
