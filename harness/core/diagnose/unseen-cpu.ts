import { quantile } from 'simple-statistics'
import type { SeriesLine } from '../record.ts'
import type { CpuSignals, DatabaseSignals } from './signals.ts'

/** Fewer calls of a statement than this say nothing of how long it takes. */
const FEWEST_CALLS = 10

/**
 * CPU of a database whose machine cannot be read, from its sessions. With its cores known: sessions that run or wait for a
 * core, against cores (field notes: "CPU AAS > cores"). Without: how much longer the same statements take than in calm
 * times, as far as they run rather than wait; for a shared processor that is 1 ÷ (1 − utilisation), so that utilisation is
 * 1 − 1 ÷ stretch (M/G/1 processor sharing; with several cores it is more, so this errs on the low side). `null`: neither
 * can be said.
 */
export function unseenCpu(
  sessions: DatabaseSignals['sessions'],
  cores: number | null,
  readings: readonly SeriesLine[],
  before: readonly SeriesLine[],
): CpuSignals | null {
  if (sessions === null) return null
  if (cores !== null) {
    const usedCores = Math.max(sessions.onCpu, onCpuByTime(sessions, readings))
    return {
      busyRatio: Math.min(1, usedCores / cores),
      usedCores,
      budgetCores: cores,
      throttledRatio: 0,
      from: { kind: 'sessions' },
    }
  }
  const longer = stretch(readings, before)
  if (longer === null || sessions.active === 0) return null
  const running = Math.max(1, (longer * sessions.onCpu) / sessions.active)
  return {
    busyRatio: 1 - 1 / running,
    usedCores: sessions.onCpu,
    budgetCores: null,
    throttledRatio: 0,
    from: { kind: 'stretch', factor: running },
  }
}

/**
 * The same from the time that statements took by Postgres' own count, without what its samples waited for: statements of a
 * millisecond are hardly ever met by a sample.
 */
function onCpuByTime(
  { onCpu, active }: NonNullable<DatabaseSignals['sessions']>,
  readings: readonly SeriesLine[],
): number {
  const counted = readings.flatMap(({ values }) => values['activeSessionsByTime'] ?? [])
  if (counted.length === 0) return 0
  return quantile(counted, 0.75) * (active > 0 ? onCpu / active : 1)
}

/** How many times as long the statements of these readings take as they took before; `null`: none ran in both. */
function stretch(readings: readonly SeriesLine[], before: readonly SeriesLine[]): number | null {
  const calm = calmMs(before)
  let nowMs = 0
  let thenMs = 0
  for (const [queryId, { calls, execMs }] of totals(readings)) {
    const each = calm.get(queryId)
    if (each === undefined || calls < FEWEST_CALLS) continue
    nowMs += execMs
    thenMs += calls * each
  }
  return thenMs > 0 ? nowMs / thenMs : null
}

/** Time of one call of each statement: the lower quartile, as some of that time another load may have been at its limit. */
function calmMs(before: readonly SeriesLine[]): ReadonlyMap<string, number> {
  const times = new Map<string, number[]>()
  for (const { queryId, calls, execMs } of before.flatMap(({ statements = [] }) => statements)) {
    if (calls === 0) continue
    const known = times.get(queryId)
    if (known) known.push(execMs / calls)
    else times.set(queryId, [execMs / calls])
  }
  return new Map([...times].map(([queryId, each]) => [queryId, quantile(each, 0.25)]))
}

function totals(readings: readonly SeriesLine[]): ReadonlyMap<string, { calls: number; execMs: number }> {
  const sums = new Map<string, { calls: number; execMs: number }>()
  for (const { queryId, calls, execMs } of readings.flatMap(({ statements = [] }) => statements)) {
    const sum = sums.get(queryId) ?? { calls: 0, execMs: 0 }
    sums.set(queryId, { calls: sum.calls + calls, execMs: sum.execMs + execMs })
  }
  return sums
}
