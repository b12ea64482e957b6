import type { RunData, SegmentData } from '../run-data.ts'

/** The segments that show what became of a surge: itself, and a recovery that follows on the same arm. */
export function withRecovery(run: RunData, surge: SegmentData): readonly SegmentData[] {
  const index = run.segments.findIndex(({ line }) => line.segment === surge.line.segment)
  const next = run.segments[index + 1]
  const follows = next?.line.purpose === 'recovery' && next.line.arm === surge.line.arm
  return next && follows ? [surge, next] : [surge]
}
