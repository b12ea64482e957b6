import type { Row } from './connection.ts'

/** Counters of the app's database. A backend adds its own at most once a second, at the end of a transaction. */
export const COUNTERS_SQL = `select /* doorbuster-probe counters */
       datid, xact_commit, xact_rollback, tup_returned, tup_fetched, blks_hit, blks_read, active_time, deadlocks,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0)
  from pg_stat_database where datname = $1`

export type Counters = {
  readonly atUs: number
  /** Another one: the database was dropped and created again. */
  readonly datid: string
  /** Those that roles without a privilege may have (`reserved_connections` came with version 16). */
  readonly maxConnections: number
  readonly counts: readonly number[]
}

export function readCounters(row: Row, atUs: number): Counters {
  const [datid, ...rest] = row
  return {
    atUs,
    datid: datid ?? '',
    maxConnections: Number(rest.at(-1)),
    counts: rest.slice(0, -1).map(Number),
  }
}

/** Rates since `before`; none when a counter went back or the database is another one: a new baseline. */
export function counterRates(now: Counters, before: Counters | null): Record<string, number> {
  const elapsedSec = before === null ? 0 : (now.atUs - before.atUs) / 1e6
  if (before === null || before.datid !== now.datid || elapsedSec <= 0) return {}
  const deltas = now.counts.map((count, i) => count - before.counts[i]!)
  if (deltas.some((delta) => delta < 0)) return {}
  const [commits, rollbacks, returned, fetched, hit, read, activeMs, deadlocks] = deltas as [
    ...[number, number, number, number, number, number, number, number],
  ]
  return {
    commitsPerSec: commits / elapsedSec,
    rollbacksPerSec: rollbacks / elapsedSec,
    rowsReturnedPerSec: returned / elapsedSec,
    rowsFetchedPerSec: fetched / elapsedSec,
    blocksHitPerSec: hit / elapsedSec,
    blocksReadPerSec: read / elapsedSec,
    activeSessionsByTime: activeMs / (1000 * elapsedSec),
    deadlocks,
  }
}
