import type { SeriesLine, SessionGroup, StatementDelta, TableDelta } from '../record.ts'
import type { RunData } from '../run-data.ts'
import { buildRun } from './build-run.ts'
import { series } from './build-segment.ts'

/** What the probes read at the limit of a system; what is left out is as calm as before. */
export type Shape = {
  readonly database?: number
  readonly app?: number
  readonly onCpu?: number
  readonly lock?: number
  /** Sessions that wait for the write-ahead log. */
  readonly wal?: number
  readonly idleInTransaction?: number
  readonly waiting?: number
  readonly waitMs?: number
  readonly queryMs?: number
  readonly loopBusy?: number
  readonly scanning?: boolean
  /** Most of the time goes into updates that leave dead rows; `index-alone`: into as many that do not. */
  readonly updating?: 'no' | 'leaving-rows' | 'index-alone'
  readonly instances?: number
  readonly sendLagMs?: number
  readonly sent?: number
  readonly generatorLoopMs?: number
  readonly slow?: boolean
  readonly budgets?: boolean
  readonly connections?: number
  readonly refused?: number
  readonly loopLateMs?: number
  /** Connections that are not given back. */
  readonly kept?: number
  /** Times a page is worked on; absent: the app does not say. */
  readonly repeated?: number
  /** Processes of the database that the kernel kills each second for want of memory; absent: its memory has no limit. */
  readonly kills?: number | null
  /** … from this second on; the limit is reached at second 5. */
  readonly killsFromSec?: number
  /** Times a second that it ends all its sessions. */
  readonly restarts?: number
  /** How far the one read replica is behind; absent: there is none. */
  readonly replicaLagMs?: number | null
  /** Requests that wait in the pooler for one of its five connections; absent: there is no pooler. */
  readonly pooled?: number | null
  /** Share of the clicks whose page came, and was wrong. */
  readonly wrongPages?: number
  /** The app has a cache whose pages expire together, every four seconds; whether the limit is left in between. */
  readonly expiring?: 'never' | 'calm-between' | 'busy-between'
}

type Whole = Required<Omit<Shape, 'repeated' | 'loopLateMs'>> & Pick<Shape, 'repeated' | 'loopLateMs'>

const CALM: Whole = {
  database: 0.25,
  app: 0.25,
  onCpu: 0.3,
  lock: 0,
  wal: 0,
  idleInTransaction: 0,
  waiting: 0,
  waitMs: 0,
  queryMs: 4,
  loopBusy: 0.3,
  scanning: false,
  updating: 'no',
  instances: 1,
  sendLagMs: 4,
  sent: 1,
  generatorLoopMs: 22,
  slow: false,
  budgets: true,
  connections: 11,
  refused: 0,
  kept: 0,
  kills: null,
  killsFromSec: 5,
  restarts: 0,
  replicaLagMs: null,
  pooled: null,
  wrongPages: 0,
  expiring: 'never',
}

const DATABASE_CALM: Shape = { database: 0.25, onCpu: 0.3, waiting: 0, waitMs: 0, queryMs: 4 }

/** A synthetic surge of 12 s whose limit is reached at second 5, and looks like `limit` from there on. */
export function surgeAtLimit(limit: Shape): RunData {
  const at = (sec: number): Whole => ({
    ...CALM,
    ...(sec >= 5
      ? limit
      : {
          budgets: limit.budgets ?? true,
          instances: limit.instances ?? 1,
          scanning: limit.scanning ?? false,
          ...(limit.pooled != null && { pooled: 0 }),
          ...(limit.repeated !== undefined && { repeated: 1 }),
        }),
  })
  const run = buildRun({
    segments: [
      {
        purpose: 'surge',
        curve: [
          { atSec: 0, perSec: 10 },
          { atSec: 12, perSec: 40 },
        ],
        second: (sec) => ({
          responseMs: at(sec).slow ? 500 : 30,
          ...(at(sec).wrongPages > 0 && { errorRatio: at(sec).wrongPages, outcome: 'failed-check' as const }),
        }),
      },
    ],
  })
  const startUs = run.segments[0]!.line.startUs
  const lines = Array.from({ length: 12 }, (_, sec) => {
    const { expiring = 'never' } = limit
    const expired = expiring !== 'never' && sec % 4 === 3
    const how = expiring === 'calm-between' && !expired ? { ...at(sec), ...DATABASE_CALM } : at(sec)
    const cached = expiring === 'never' ? {} : { cacheHitsPerSec: 100, cacheMissesPerSec: expired ? 80 : 4 }
    const clicks = Math.round((10 + 2.5 * (sec + 0.5)) * 4)
    const asked =
      how.repeated === undefined ? {} : { requestsPerSec: clicks, poolAcquiresPerSec: clicks * how.repeated }
    const callsFactor = how.repeated === undefined ? (expired ? 5 : 1) : (clicks / 60) * how.repeated
    const spared =
      limit.kills !== undefined && sec < (limit.killsFromSec ?? 5) ? { kills: 0, restarts: 0 } : {}
    return readings(startUs + (sec + 1) * 1e6, { ...how, ...spared }, { ...cached, ...asked }, callsFactor)
  }).flat()
  return { ...run, series: lines, segments: [{ ...run.segments[0]!, series: lines }] }
}

function cpu(
  atUs: number,
  role: 'database' | 'app',
  component: string,
  busyRatio: number,
  budgetCores: number | null,
): SeriesLine {
  return series(atUs, 'cpu', role, component, {
    usedCores: busyRatio * (budgetCores ?? 1),
    ...(budgetCores === null ? {} : { budgetCores, busyRatio, throttledRatio: busyRatio > 0.9 ? 0.8 : 0.1 }),
  })
}

/** What the probes read in one second; what `limit` leaves out is calm. `more`: what else the app says of itself. */
export function readings(
  atUs: number,
  limit: Shape,
  more: Readonly<Record<string, number>> = {},
  callsFactor = 1,
): SeriesLine[] {
  const how = { ...CALM, ...limit }
  const budget = (cores: number) => (how.budgets ? cores : null)
  const active = how.onCpu + how.lock + how.wal
  const instances = Array.from({ length: how.instances }, (_, i) => `app-${i + 1}`)
  return [
    cpu(atUs, 'database', 'postgres', how.database, budget(0.2)),
    ...instances.map((name) => cpu(atUs, 'app', name, how.app, budget(0.3))),
    {
      ...series(atUs, 'database', 'database', 'postgres', {
        sessionsActive: active,
        sessionsOnCpu: how.onCpu,
        sessionsLock: how.lock,
        sessionsIdleInTransaction: how.lock > 0 ? 1 : how.idleInTransaction,
        connections: how.connections,
        connectionsMax: 100,
        restarts: how.restarts,
        ...(how.restarts > 0 && { recoveryMs: 1300 }),
      }),
      sessions: [
        ...(how.lock > 0 ? [waitFor('lock', 'tuple', how.lock)] : []),
        ...(how.wal > 0 ? [waitFor('lwlock', 'walwrite', how.wal - 0.5), waitFor('io', 'walsync', 0.5)] : []),
      ],
      statements: statements(how).map((one) => ({ ...one, calls: one.calls * callsFactor })),
      tables: tables(how),
    },
    ...(how.kills === null
      ? []
      : [
          series(atUs, 'memory', 'database', 'postgres', {
            limitMb: 160,
            heldMb: how.kills > 0 ? 159 : 60,
            cacheMb: 10,
            kills: how.kills,
          }),
        ]),
    ...(how.pooled === null
      ? []
      : [
          series(atUs, 'pooler', 'pooler', 'bouncer', {
            clientsActive: 5,
            clientsWaiting: how.pooled,
            clientsWaitingMean: how.pooled,
            serversActive: how.pooled > 0 ? 5 : 1,
            serversIdle: how.pooled > 0 ? 0 : 4,
            longestWaitMs: 30 * how.pooled,
            waitMsMean: 20 * how.pooled,
          }),
        ]),
    ...(how.replicaLagMs === null
      ? []
      : [
          series(atUs, 'replica', 'replica', 'standby', {
            streaming: 1,
            replayLagMs: how.replicaLagMs,
            bytesBehind: 100 * how.replicaLagMs,
            sessionsActive: 1,
            connections: 10,
          }),
        ]),
    ...instances.map((name) =>
      series(atUs, 'app', 'app', name, {
        poolMax: 10,
        poolTotal: 10,
        poolIdle: 9 - how.kept,
        poolAcquiresPerSec: 50,
        poolHeldMsMean: 20,
        poolWaiting: how.waiting / how.instances,
        poolWaitMsMean: how.waitMs,
        connectionsRefusedPerSec: how.refused / how.instances,
        queryMsMean: how.queryMs,
        loopBusyRatio: how.loopBusy,
        loopDelayP99Ms: how.loopLateMs ?? (how.loopBusy > 0.9 ? 120 : 21),
        ...more,
      }),
    ),
    series(atUs, 'generator', 'generator', 'generator', {
      intended: 200,
      sent: 200 * how.sent,
      completed: 190,
      sendLagP99Ms: how.sendLagMs,
      cpuCores: 0.1,
      loopDelayP99Ms: how.generatorLoopMs,
    }),
    series(atUs, 'host', 'host', 'host', { busyCores: 0.2 * how.database + 0.3 * how.app + 0.4, cores: 2 }),
  ]
}

function waitFor(waitType: string, wait: string, n: number): SessionGroup {
  return { state: 'active', waitType, wait, queryId: 'q-stock', n }
}

function statements(how: Whole): StatementDelta[] {
  const one = (
    queryId: string,
    query: string,
    execMs: number,
    rows: number,
    walRecords = 0,
  ): StatementDelta => ({
    queryId,
    query,
    calls: 20,
    walRecords,
    execMs,
    rows,
    blocksHit: 1000,
    blocksRead: 0,
  })
  if (how.updating !== 'no')
    return [
      one('q-view', 'update products set views = views + 1 where id = $1', 120, 20, 140),
      one('q-product', 'select * from products where id = $1', 60, 80),
    ]
  return how.scanning
    ? [
        one('q-reviews', 'select body from reviews where product_id = $1', 160, 100),
        one('q-best', 'select /* best sellers */ 1', 30, 100),
      ]
    : [
        one('q-best', 'select /* best sellers */ sum(quantity) from order_lines', 120, 100),
        one('q-product', 'select * from products where id = $1', 60, 80),
        one('q-stock', 'update stock set on_hand = on_hand - $1 where product = $2', 20, 5, 20),
      ]
}

function tables(how: Whole): TableDelta[] {
  const lines: TableDelta = {
    table: 'order_lines',
    seqScans: 0,
    seqRows: 0,
    indexScans: 20,
    indexRows: 75_000,
    updated: 0,
  }
  const small: TableDelta = {
    table: 'categories',
    seqScans: 60,
    seqRows: 6000,
    indexScans: 0,
    indexRows: 0,
    updated: 0,
  }
  if (how.updating !== 'no') {
    const hotUpdated = how.updating === 'index-alone' ? 80 : 2
    return [lines, small, { ...small, table: 'products', updated: 80, hotUpdated, rows: 10_000, dead: 900 }]
  }
  return how.scanning
    ? [
        { table: 'reviews', seqScans: 20, seqRows: 1_000_000, indexScans: 0, indexRows: 0, updated: 0 },
        lines,
        small,
      ]
    : [lines, small]
}
