import type { Evidence } from '../result.ts'
import type {
  AppSignals,
  CpuSignals,
  DatabaseSignals,
  ExpirySignals,
  LeftSignals,
  RepeatSignals,
  Signals,
  TableSignals,
} from './signals.ts'

/** Parts of signatures that several classes share, each with its threshold. */

/** Of its budget: a component that uses this much is at its limit (throttling makes the last tenth unreachable). */
const SATURATED = 0.9
const NEARLY_SATURATED = 0.8
const THROTTLED = 0.5
/** More than one request waiting on average is a queue; less is chance. */
const QUEUE = 1
const WAIT_MS = 10
const GROWN = 2
/** Sessions on CPU at once, on average, for each core of the budget: with more they wait for each other. */
const SESSIONS_EACH_CORE = 1
/** Fewer refusals than one in two seconds are chance: a server that restarts, a pool that opens. */
export const REFUSED_PER_SEC = 0.5
/** Of the connections: with so many of them in one state, that state is what requests wait for. */
const MOST = 0.5
/**
 * Work on a page, of what it took in calm times. A budget for retries keeps them to a fifth (field notes: Envoy's default);
 * half as much again has none.
 */
export const REPEATED = 1.5
/** Rows read by scanning whole tables for each row the statements gave back, and the size that makes a scan matter. */
const SCANNED_PER_ROW = 50
const ROWS_PER_SCAN = 1000

/** Name of the metric of a CPU that was not seen: what rests on it is suspected. */
const SUSPECTED_BY = 'busyRatioByStretch'

/** Whether it rests on a CPU that was not seen. */
export function isSuspicion(evidence: readonly Evidence[]): boolean {
  return evidence.some(({ metric, supports }) => metric === SUSPECTED_BY && supports)
}

/** CPU at its limit: nine tenths of the budget, or eight while mostly throttled by it. */
export function isSaturated(cpu: CpuSignals | null): boolean {
  if (!cpu) return false
  // A stretch errs on the low side: several cores share a queue, and a pool lets no more than its connections queue.
  if (cpu.from?.kind === 'stretch') return cpu.busyRatio >= NEARLY_SATURATED
  return cpu.busyRatio >= SATURATED || (cpu.busyRatio >= NEARLY_SATURATED && cpu.throttledRatio >= THROTTLED)
}

/** How busy a CPU is, held against saturation; `wanted`: whether saturation supports the class. */
export function cpuTestimony(
  layer: 'database' | 'app',
  cpu: CpuSignals | null,
  wanted: 'saturated' | 'spare',
): Evidence | null {
  if (!cpu) return null
  const saturated = isSaturated(cpu)
  const words = `${layer === 'database' ? 'database' : 'app'} CPU ${cpuWords(cpu)}`
  return {
    layer,
    metric: cpu.from?.kind === 'stretch' ? SUSPECTED_BY : 'busyRatio',
    value: cpu.busyRatio,
    unit: 'ratio',
    threshold: cpu.from?.kind === 'stretch' ? NEARLY_SATURATED : SATURATED,
    supports: saturated === (wanted === 'saturated'),
    says: saturated ? `${words}: at its limit` : `${words}: not at its limit`,
  }
}

/** "98 % of 0.20 cores". */
export function cpuWords({ busyRatio, budgetCores, usedCores, from }: CpuSignals): string {
  if (from?.kind === 'stretch')
    return `${percent(busyRatio)}, judged by its statements, which run ${from.factor.toFixed(1)} times as long as in calm times`
  if (from?.kind === 'sessions')
    return `${cores(usedCores)} sessions for ${budgetCores === 1 ? '1 core' : `${cores(budgetCores ?? 0)} cores`}`
  return budgetCores === null
    ? `${usedCores.toFixed(2)} cores, ${percent(busyRatio)} of what it could get`
    : `${percent(busyRatio)} of ${budgetCores.toFixed(2)} cores`
}

/** Requests wait for a connection, or queries take much longer than in calm times. */
export function pressureTestimony(app: AppSignals | null): Evidence | null {
  if (!app) return null
  const { pool, queryMs, calmQueryMs } = app
  if (pool && (pool.waiting >= QUEUE || pool.waitMs >= WAIT_MS)) return waitingTestimony(app)
  if (queryMs !== null && calmQueryMs !== null && calmQueryMs > 0)
    return {
      layer: 'app',
      metric: 'queryMsMean',
      value: queryMs,
      unit: 'ms',
      threshold: GROWN * calmQueryMs,
      supports: queryMs >= GROWN * calmQueryMs,
      says: `a query takes ${ms(queryMs)} at the app, ${ms(calmQueryMs)} in calm times`,
    }
  return waitingTestimony(app)
}

/** Requests wait for a database connection. */
export function waitingTestimony(app: AppSignals | null): Evidence | null {
  if (!app?.pool) return null
  const { waiting, waitMs, max, pooler } = app.pool
  const supports = waiting >= QUEUE || waitMs >= WAIT_MS
  return {
    layer: 'pool',
    metric: pooler === null ? 'poolWaiting' : 'clientsWaitingMean',
    value: waiting,
    unit: 'requests',
    threshold: QUEUE,
    supports,
    says: supports
      ? `${count(waiting)} requests wait${pooler === null ? '' : ` at ${pooler}`} for one of ${count(max)} connections${waitMs > 0 ? `, ${ms(waitMs)} each` : ''}`
      : `hardly a request waits for one of ${count(max)} connections`,
  }
}

/** Sessions that run, rather than wait, in the database. */
export function onCpuTestimony(database: DatabaseSignals | null, wanted: 'many' | 'few'): Evidence | null {
  if (!database?.sessions) return null
  const { onCpu } = database.sessions
  // More than it has cores (field notes: "CPU AAS > cores"); a share of one core still runs one session at a time.
  const cores = Math.max(1, database.cpu?.budgetCores ?? 1) * SESSIONS_EACH_CORE
  const many = onCpu > cores
  return {
    layer: 'database',
    metric: 'sessionsOnCpu',
    value: onCpu,
    unit: 'sessions',
    threshold: cores,
    supports: many === (wanted === 'many'),
    says: `${count(onCpu)} sessions at a time want the database's CPU`,
  }
}

/** Share of the active sessions that wait for a lock. */
export function isLockBound(database: DatabaseSignals | null): boolean {
  if (!database?.sessions) return false
  const { active, lock } = database.sessions
  return lock >= 1 && lock >= 0.5 * active
}

/** Lock waits among the active sessions; `wanted`: whether a queue supports the class. */
export function lockTestimony(database: DatabaseSignals | null, wanted: 'queue' | 'none'): Evidence | null {
  if (!database?.sessions) return null
  const { active, lock } = database.sessions
  return {
    layer: 'database',
    metric: 'sessionsLock',
    value: lock,
    unit: 'sessions',
    threshold: Math.max(1, 0.5 * active),
    supports: isLockBound(database) === (wanted === 'queue'),
    says:
      lock >= 0.05
        ? `${count(lock)} of ${count(active)} active sessions wait for a lock`
        : 'no session waits for a lock',
  }
}

/** The database has no connection left to give. */
export function isRefused(app: AppSignals | null): boolean {
  return (app?.refusedPerSec ?? 0) >= REFUSED_PER_SEC
}

/** Most connections are held by transactions in which nothing happens, more than do anything. */
export function isIdleInTransaction(
  database: DatabaseSignals | null,
  pool: NonNullable<AppSignals['pool']> | null,
): boolean {
  if (!database?.sessions || !pool) return false
  const { idleInTransaction, active } = database.sessions
  // A lock that an app holds shows as one session idle in its transaction, however many wait for it (field notes).
  return idleInTransaction >= Math.max(2, MOST * pool.max) && idleInTransaction > active
}

/** Share of the active sessions that wait for the write-ahead log to be flushed. */
export function isFlushBound(database: DatabaseSignals | null): boolean {
  const sessions = database?.sessions
  if (!sessions || sessions.wal === null) return false
  return sessions.wal >= 1 && sessions.wal >= 0.5 * sessions.active
}

/** One statement, or one kind of it, is most of the work. */
export const DOMINATES = 0.4
/**
 * Autovacuum looks at a table once a minute and clears it when a fifth of its rows are dead (Postgres' defaults,
 * autovacuum_naptime and autovacuum_vacuum_scale_factor, and 50 rows of autovacuum_vacuum_threshold).
 */
const CLEARED_EVERY_SEC = 60
const CLEARED_FROM_SHARE = 0.2
const CLEARED_FROM_ROWS = 50

/** Dead rows a second that fill the time between two looks. */
export function clearedPerSec({ rows }: LeftSignals): number {
  return (CLEARED_FROM_SHARE * rows + CLEARED_FROM_ROWS) / CLEARED_EVERY_SEC
}

/**
 * The table in which updates leave dead row versions, and entries for them in all its indexes, faster than autovacuum
 * would clear them, and which most of the rows that are changed belong to; `null`: there is none, or it was not counted.
 */
export function bloatingTable(
  database: DatabaseSignals | null,
): (TableSignals & { left: LeftSignals }) | null {
  // A small table fills with dead rows soon: what counts is the one that most changes go to.
  const changed = (database?.statements ?? []).reduce(
    (sum, { writes, rowsPerSec }) => sum + (writes ? rowsPerSec : 0),
    0,
  )
  const bloating = (database?.tables ?? []).flatMap((table) => {
    const { left } = table
    if (!left || left.rows <= 0 || left.ratio < MOST) return []
    return left.perSec >= Math.max(clearedPerSec(left), MOST * changed) ? [{ ...table, left }] : []
  })
  return bloating.sort((a, b) => b.left.perSec - a.left.perSec)[0] ?? null
}

/** Share of all execution time in statements that change rows; `null`: not read. */
export function writingShare(database: DatabaseSignals | null): number | null {
  const known = (database?.statements ?? []).filter(({ writes }) => writes !== null)
  return known.length === 0
    ? null
    : known.reduce((sum, { writes, shareOfTime }) => sum + (writes ? shareOfTime : 0), 0)
}

/** Changing the rows of such a table is most of what the database does. */
export function isBloating(database: DatabaseSignals | null): boolean {
  return bloatingTable(database) !== null && (writingShare(database) ?? 0) >= DOMINATES
}

/** Connections are not given back: most of them are in use beyond what requests account for. */
export function isLeaking(app: AppSignals | null): boolean {
  const pool = app?.pool
  return pool != null && pool.kept !== null && pool.max > 1 && pool.kept >= MOST * pool.max
}

/** The app and the database both work on pages again and again. */
export function isStorm(repeats: RepeatSignals | null): boolean {
  if (!repeats || repeats.calls === null || repeats.calmCalls === null) return false
  const { wanted, calmWanted, calls, calmCalls } = repeats
  return wanted >= REPEATED * calmWanted && calls >= REPEATED * calmCalls
}

/**
 * The event loop stands still for as long as shoppers are promised to wait, in a quarter of the seconds: so many pages
 * meet it that the promise to nineteen of twenty cannot be kept, however little CPU is used on average.
 */
export function isLoopHeld({ app, promisedMs }: Signals): boolean {
  return (app?.loopDelayP99Ms ?? 0) >= promisedMs
}

/** The table whose whole-table scans make up most of what is read; `null`: index use is as it should be. */
export function scannedTable(database: DatabaseSignals | null): TableSignals | null {
  const heaviest = database?.tables[0]
  if (!database || !heaviest || heaviest.rowsPerScan < ROWS_PER_SCAN) return null
  const { seqRows, allRows } = rowsRead(database)
  const returned = Math.max(
    1,
    database.statements.reduce((sum, { rowsPerSec }) => sum + rowsPerSec, 0),
  )
  return seqRows >= 0.5 * allRows && seqRows >= SCANNED_PER_ROW * returned ? heaviest : null
}

/** Rows read by scans for each row given back; `wanted`: whether scans support the class. */
export function scanTestimony(
  database: DatabaseSignals | null,
  wanted: 'scans' | 'indexes',
): Evidence | null {
  if (!database || database.tables.length === 0) return null
  const table = scannedTable(database)
  const { seqRows } = rowsRead(database)
  const returned = Math.max(
    1,
    database.statements.reduce((sum, { rowsPerSec }) => sum + rowsPerSec, 0),
  )
  return {
    layer: 'database',
    metric: 'seqRowsPerRowReturned',
    value: seqRows / returned,
    unit: 'rows',
    threshold: SCANNED_PER_ROW,
    supports: (table !== null) === (wanted === 'scans'),
    says: table
      ? `${thousands(seqRows)} rows/s come from scanning whole tables, mostly ${table.table} (${thousands(table.rowsPerScan)} rows a scan), ${thousands(seqRows / returned)} for each row returned`
      : 'tables are read by index: whole-table scans do not dominate',
  }
}

function rowsRead({ tables }: DatabaseSignals): { readonly seqRows: number; readonly allRows: number } {
  const seqRows = tables.reduce((sum, { seqRowsPerSec }) => sum + seqRowsPerSec, 0)
  const indexRows = tables.reduce((sum, { indexRowsPerSec }) => sum + indexRowsPerSec, 0)
  return { seqRows, allRows: seqRows + indexRows }
}

/** Pages leave the cache together, again and again after the same time: two of those can be chance. */
export function expiryRhythm(expiries: ExpirySignals | null): boolean {
  return expiries !== null && expiries.dips >= 3 && expiries.regular
}

/**
 * Finding anew what expired together takes all of the database's CPU for longer than shoppers are promised to wait, and
 * in between it has time: then the cache is the cause, not the database.
 */
export function expiriesSwamp({ expiries, promisedMs }: Signals): boolean {
  if (!expiries || !expiryRhythm(expiries)) return false
  const { burstMs, calmBusyRatio } = expiries
  if (burstMs === null || calmBusyRatio === null) return false
  return burstMs >= promisedMs && calmBusyRatio < NEARLY_SATURATED
}

/**
 * The database's sessions were ended by the kernel while every objective still held: whatever was busy then had not hurt
 * anybody, and what was busy afterwards had to catch up.
 */
export function fellBeforeSlow(database: DatabaseSignals | null): string | false {
  if (!database?.memory || !database.restarts) return false
  const { memory, restarts, heldUntilKill } = database
  return (
    memory.kills > 0 &&
    restarts.n > 0 &&
    heldUntilKill === true &&
    'every objective held until the system killed a session of the database for want of memory'
  )
}

/** "98 %". */
export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`
}

/** "12", or "2.4" below ten. */
export function count(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1)
}

/** A share of a core has no use for "0.0". */
function cores(value: number): string {
  return value < 1 ? value.toFixed(2) : count(value)
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
