import type { RunData, SegmentData } from '../run-data.ts'

/**
 * Segments of surges that were driven once more: the same shoppers on the same topology come again only when the first
 * measurement was void, so the later one stands for both.
 */
export function repeatedSurges(run: RunData): ReadonlySet<number> {
  const last = new Map<string, number>()
  const repeated = new Set<number>()
  for (const segment of run.segments) {
    if (segment.line.purpose !== 'surge') continue
    const key = surgeKey(run, segment)
    const before = last.get(key)
    // One that was cut off stands for nothing yet.
    if (segment.end === null) continue
    if (before !== undefined) repeated.add(before)
    last.set(key, segment.line.segment)
  }
  return repeated
}

function surgeKey(run: RunData, { line }: SegmentData): string {
  const fixes = run.arms.find(({ arm }) => arm === line.arm)?.fixes ?? null
  return JSON.stringify([fixes, line.plan.seed, line.plan.curve])
}
