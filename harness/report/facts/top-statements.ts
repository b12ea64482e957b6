import type { SegmentData } from '../../core/run-data.ts'

export type StatementTotal = {
  readonly queryId: string
  readonly query: string
  readonly calls: number
  readonly execMs: number
  readonly meanMs: number
  /** Share of the execution time of all statements seen. */
  readonly shareRatio: number
}

/** The statements a segment's database time went into, heaviest first. */
export function topStatements(segment: SegmentData, limit: number): readonly StatementTotal[] {
  const totals = new Map<string, { query: string; calls: number; execMs: number }>()
  for (const { statements } of segment.series) {
    for (const { queryId, query, calls, execMs } of statements ?? []) {
      const total = totals.get(queryId) ?? { query, calls: 0, execMs: 0 }
      totals.set(queryId, { query, calls: total.calls + calls, execMs: total.execMs + execMs })
    }
  }
  const all = [...totals.values()].reduce((sum, { execMs }) => sum + execMs, 0)
  return [...totals]
    .map(([queryId, total]) => ({
      queryId,
      ...total,
      meanMs: total.calls === 0 ? 0 : total.execMs / total.calls,
      shareRatio: all === 0 ? 0 : total.execMs / all,
    }))
    .sort((a, b) => b.execMs - a.execMs)
    .slice(0, limit)
}
