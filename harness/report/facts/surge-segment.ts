import type { SurgeResult } from '../../core/result.ts'
import type { RunData, SegmentData } from '../../core/run-data.ts'

/** The recorded segment behind a surge; `null` when the record does not hold it. */
export function surgeSegment(run: RunData, surge: SurgeResult): SegmentData | null {
  return run.segments.find(({ line }) => line.segment === surge.segment) ?? null
}
