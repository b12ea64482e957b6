import { quantile } from 'simple-statistics'
import type { SeriesLine, TableDelta } from '../record.ts'
import type { CpuSignals, DatabaseSignals, LeftSignals, StatementSignals, TableSignals } from './signals.ts'
import { statementLabel } from './statement-label.ts'

/** What the database's readings of the windows (`seconds` long in all) say; `null` when there are none. */
export function readDatabase(
  readings: readonly SeriesLine[],
  cpu: CpuSignals | null,
  seconds: number,
  heldUntilKill: boolean | null,
): DatabaseSignals | null {
  const lines = readings.filter(({ probe, role }) => probe === 'database' && role === 'database')
  const component =
    lines[0]?.component ??
    readings.find(({ probe, role }) => probe === 'cpu' && role === 'database')?.component
  if (component === undefined) return null
  const gauge = (name: string): number | null => {
    const values = lines.flatMap(({ values }) => (values[name] === undefined ? [] : [values[name]]))
    return values.length > 0 ? quantile(values, 0.75) : null
  }
  const active = gauge('sessionsActive')
  const lock = gauge('sessionsLock') ?? 0
  return {
    component,
    cpu,
    sessions:
      active === null
        ? null
        : {
            active,
            onCpu: gauge('sessionsOnCpu') ?? Math.max(0, active - lock),
            lock,
            wal: flushing(lines),
            idleInTransaction: gauge('sessionsIdleInTransaction') ?? 0,
          },
    memory: memory(readings),
    heldUntilKill,
    restarts: restarts(lines),
    connections: connections(gauge('connections'), gauge('connectionsMax')),
    execMsMean: execMsMean(lines),
    statements: statements(lines, seconds),
    tables: tables(lines, seconds),
    lockedStatement: lockedStatement(lines),
  }
}

/**
 * Sessions that wait for a flush: at the disk itself, or (the followers of a group commit) for whoever is there. The lock
 * and the wait for the disk have the same name from version 17 on.
 */
function flushing(lines: readonly SeriesLine[]): number | null {
  const counts = lines.flatMap(({ sessions }) =>
    sessions
      ? [
          sessions.reduce(
            (sum, { state, waitType, wait, n }) =>
              sum + (state === 'active' && WAL_WAITS.has(`${waitType}:${wait}`) ? n : 0),
            0,
          ),
        ]
      : [],
  )
  return counts.length > 0 ? quantile(counts, 0.75) : null
}

const WAL_WAITS: ReadonlySet<string> = new Set(['lwlock:walwrite', 'io:walwrite', 'io:walsync'])

function execMsMean(lines: readonly SeriesLine[]): number | null {
  const seen = lines.flatMap(({ statements }) => statements ?? [])
  const calls = seen.reduce((sum, one) => sum + one.calls, 0)
  return calls > 0 ? seen.reduce((sum, { execMs }) => sum + execMs, 0) / calls : null
}

function memory(readings: readonly SeriesLine[]): DatabaseSignals['memory'] {
  const values = readings.flatMap(({ probe, role, values }) =>
    probe === 'memory' && role === 'database' ? [values] : [],
  )
  if (values.length === 0) return null
  const of = (name: string) => values.map((reading) => reading[name] ?? 0)
  return {
    limitMb: Math.max(...of('limitMb')),
    heldMb: Math.max(...of('heldMb')),
    kills: of('kills').reduce((sum, kills) => sum + kills, 0),
  }
}

function restarts(lines: readonly SeriesLine[]): DatabaseSignals['restarts'] {
  const read = lines.filter(({ values }) => values['restarts'] !== undefined)
  if (read.length === 0) return null
  const recoveriesMs = read.flatMap(({ values }) => values['recoveryMs'] ?? [])
  return {
    n: read.reduce((sum, { values }) => sum + values['restarts']!, 0),
    recoveryMs: recoveriesMs.length === 0 ? null : Math.max(...recoveriesMs),
  }
}

function connections(used: number | null, max: number | null): DatabaseSignals['connections'] {
  return used === null || max === null ? null : { used, max }
}

function statements(lines: readonly SeriesLine[], seconds: number): StatementSignals[] {
  const byId = new Map<string, Sum>()
  let totalMs = 0
  for (const { queryId, query, calls, execMs, rows, walRecords } of lines.flatMap(
    (line) => line.statements ?? [],
  )) {
    const known = byId.get(queryId) ?? { query, calls: 0, execMs: 0, rows: 0, walRecords: null }
    byId.set(queryId, {
      query,
      calls: known.calls + calls,
      execMs: known.execMs + execMs,
      rows: known.rows + rows,
      walRecords: walRecords === undefined ? known.walRecords : (known.walRecords ?? 0) + walRecords,
    })
    totalMs += execMs
  }
  return [...byId.values()]
    .sort((a, b) => b.execMs - a.execMs)
    .map(({ query, calls, execMs, rows, walRecords }) => ({
      label: statementLabel(query),
      shareOfTime: totalMs > 0 ? execMs / totalMs : 0,
      rowsPerSec: rows / seconds,
      writes: walRecords === null ? null : walRecords >= calls,
    }))
}

type Sum = { query: string; calls: number; execMs: number; rows: number; walRecords: number | null }

/** The updates of one table; `null` where a reading does not tell those apart that left the indexes alone. */
function left(deltas: readonly TableDelta[], seconds: number): LeftSignals | null {
  const counted = deltas.flatMap(({ updated, hotUpdated, rows, dead }) =>
    hotUpdated === undefined || rows === undefined || dead === undefined
      ? []
      : [{ updated, cold: Math.max(0, updated - hotUpdated), rows, dead }],
  )
  const last = counted.at(-1)
  if (!last) return null
  const updated = counted.reduce((sum, one) => sum + one.updated, 0)
  const cold = counted.reduce((sum, one) => sum + one.cold, 0)
  return { perSec: cold / seconds, ratio: updated > 0 ? cold / updated : 0, rows: last.rows, dead: last.dead }
}

function tables(lines: readonly SeriesLine[], seconds: number): TableSignals[] {
  const byName = new Map<string, { seqRows: number; seqScans: number; indexRows: number }>()
  const deltas = lines.flatMap((line) => line.tables ?? [])
  for (const { table, seqRows, seqScans, indexRows } of deltas) {
    const known = byName.get(table) ?? { seqRows: 0, seqScans: 0, indexRows: 0 }
    byName.set(table, {
      seqRows: known.seqRows + seqRows,
      seqScans: known.seqScans + seqScans,
      indexRows: known.indexRows + indexRows,
    })
  }
  return [...byName]
    .map(([table, { seqRows, seqScans, indexRows }]) => ({
      table,
      seqRowsPerSec: seqRows / seconds,
      rowsPerScan: seqScans > 0 ? seqRows / seqScans : 0,
      indexRowsPerSec: indexRows / seconds,
      left: left(
        deltas.filter((delta) => delta.table === table),
        seconds,
      ),
    }))
    .sort((a, b) => b.seqRowsPerSec - a.seqRowsPerSec)
}

function lockedStatement(lines: readonly SeriesLine[]): string | null {
  const waiting = new Map<string, number>()
  for (const { waitType, queryId, n } of lines.flatMap((line) => line.sessions ?? []))
    if (waitType === 'lock' && queryId !== null) waiting.set(queryId, (waiting.get(queryId) ?? 0) + n)
  const [most] = [...waiting].sort(([, a], [, b]) => b - a)
  const query = lines
    .flatMap((line) => line.statements ?? [])
    .find(({ queryId }) => queryId === most?.[0])?.query
  return query === undefined ? null : statementLabel(query)
}
