import { setInterval } from 'node:timers'
import pg from 'pg'
import type { Logger } from 'pino'
import { Counter, Gauge } from 'prom-client'
import type { Config } from '../config.ts'
import { ShopError } from '../domain/shop-error.ts'
import type { PoolState, Telemetry } from '../telemetry.ts'
import { type Connection, type Database, openDatabase, type Spent } from './database.ts'
import { replicaLag } from './replica-lag.ts'

/** Where pages are read. */
export type Reads = {
  /** Runs `work` with a connection for reading; on the primary when what the shopper wrote just now must be seen. */
  hold<T>(
    seeing: 'recent' | 'own-writes',
    spent: Spent,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T>
  close(): Promise<void>
}

type Replica = { readonly name: string; readonly database: Database; readonly watch: Watch; usable: boolean }

/** One connection that only looks how the server is: not the pool's, where it would wait behind the requests. */
type Watch = { ask(sql: string): Promise<Row | null>; close(): Promise<void> }
type Row = { readonly standby: boolean; readonly position: number | null }

const PRIMARY_POSITION = `select false as standby, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as position`
const REPLICA_POSITION = `select pg_is_in_recovery() as standby,
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 as position`

/**
 * Opens a pool for each of SHOP_REPLICA_URLS and spreads reads over those that answer and keep up, in turn. Which those
 * are is found out in the background, every `replicaCheckMs`; no request waits for it. A read that a replica breaks
 * off is done again on the primary, once. `null` when there are no replicas.
 */
export function openReplicas(
  config: Config,
  primary: Database,
  telemetry: Telemetry,
  log: Logger,
): Reads | null {
  if (config.replicaUrls.length === 0) return null
  const lag = replicaLag(config.replicaLagMs)
  // The flaw: any replica that answers will do, for any read.
  const careless = config.flaws.has('stale-replica-reads')
  const pools = new Map<string, () => PoolState>()
  const replicas = config.replicaUrls.map((databaseUrl, index): Replica => {
    const name = `replica-${index + 1}`
    // The pool gauges without a label are the primary's.
    const own = { ...telemetry, watchPool: (read: () => PoolState) => void pools.set(name, read) }
    // The pool would report each failed attempt to connect, four times a second: this file says it once.
    const quiet = log.child({ replica: name }, { level: 'error' })
    return {
      name,
      database: openDatabase({ ...config, databaseUrl }, own, quiet),
      watch: openWatch(databaseUrl, config),
      usable: false,
    }
  })
  const primaryWatch = openWatch(config.databaseUrl, config)
  const reads = measureReads(telemetry, replicas, pools)
  let turn = 0
  let checking = false

  function setUsable(replica: Replica, usable: boolean, why: string): void {
    if (replica.usable === usable) return
    replica.usable = usable
    if (usable) log.info({ replica: replica.name }, 'replica is read')
    else log.warn({ replica: replica.name, why }, 'replica is left out')
  }

  async function check(replica: Replica): Promise<void> {
    const row = await replica.watch.ask(REPLICA_POSITION)
    if (!row) return setUsable(replica, false, 'it does not answer')
    // A database that is no standby of ours (a logical replica) cannot tell how far it is.
    const lagMs = row.standby && row.position !== null ? lag.of(row.position, performance.now()) : 0
    if (lagMs > config.replicaLagMs && !careless)
      return setUsable(replica, false, `it is ${Math.round(lagMs)} ms behind`)
    // The pool has to be open too: else the first requests would wait for its connections.
    if (replica.usable || (await replica.database.isReady())) setUsable(replica, true, '')
  }

  async function checkAll(): Promise<void> {
    if (checking) return
    checking = true
    try {
      const row = await primaryWatch.ask(PRIMARY_POSITION)
      // The time is taken after the answer: a replica is never called later than it is.
      if (row && row.position !== null) lag.primaryAt(row.position, performance.now())
      await Promise.all(replicas.map(check))
    } finally {
      checking = false
    }
  }
  const timer = setInterval(() => void checkAll(), config.replicaCheckMs)
  timer.unref()
  void checkAll()

  function next(): Replica | null {
    for (let tried = 0; tried < replicas.length; tried++) {
      turn = (turn + 1) % replicas.length
      if (replicas[turn]!.usable) return replicas[turn]!
    }
    return null
  }

  return {
    async hold(seeing, spent, work) {
      const replica = seeing === 'recent' || careless ? next() : null
      if (replica) {
        try {
          reads.inc({ target: replica.name })
          return await replica.database.hold(spent, work)
        } catch (error) {
          if (!isReplicasOwn(error)) throw error
          if (error instanceof ShopError && error.code !== 'read-only')
            setUsable(replica, false, error.message)
        }
      }
      reads.inc({ target: 'primary' })
      return primary.hold(spent, work)
    },
    async close() {
      clearInterval(timer)
      await Promise.all([
        primaryWatch.close(),
        ...replicas.flatMap(({ database, watch }) => [database.close(), watch.close()]),
      ])
    },
  }
}

/** A failure that the primary would not have: the replica is gone or takes no writes, or replay needed the rows being read. */
function isReplicasOwn(error: unknown): boolean {
  if (error instanceof ShopError) return ['database-unavailable', 'read-only'].includes(error.code)
  return error instanceof pg.DatabaseError && error.code === '40001'
}

function measureReads(
  { registry }: Telemetry,
  replicas: readonly Replica[],
  pools: ReadonlyMap<string, () => PoolState>,
) {
  const registers = [registry]
  const gauge = (name: string, help: string, read: (replica: Replica) => number) =>
    new Gauge({
      name,
      help,
      registers,
      labelNames: ['replica'] as const,
      collect() {
        for (const replica of replicas) this.set({ replica: replica.name }, read(replica))
      },
    })
  gauge('shop_replica_usable', '1 while reads go to this replica.', ({ usable }) => Number(usable))
  for (const field of ['total', 'idle', 'waiting'] as const) {
    gauge(
      `shop_replica_pool_${field}`,
      `As shop_pool_${field}, of this replica.`,
      ({ name }) => pools.get(name)?.()[field] ?? 0,
    )
  }
  return new Counter({
    name: 'shop_reads_total',
    help: 'Page reads by the server they went to.',
    registers,
    labelNames: ['target'] as const,
  })
}

/** Asks over one connection that is opened again when it breaks; answers `null` rather than late or with an error. */
function openWatch(connectionString: string, config: Config): Watch {
  let client: pg.Client | null = null
  async function connected(): Promise<pg.Client> {
    if (client) return client
    const fresh = new pg.Client({
      connectionString,
      application_name: `shop ${config.instance} watch`,
      connectionTimeoutMillis: config.replicaCheckMs,
      query_timeout: config.replicaCheckMs,
      keepAlive: true,
    })
    // Without a listener, a server that goes away would end the process.
    fresh.on('error', () => drop(fresh))
    await fresh.connect()
    client = fresh
    return fresh
  }
  function drop(broken: pg.Client): void {
    if (client === broken) client = null
    void broken.end().catch(() => {})
  }
  return {
    async ask(sql) {
      let asked: pg.Client | null = null
      try {
        asked = await connected()
        return (await asked.query<Row>(sql)).rows[0] ?? null
      } catch {
        if (asked) drop(asked)
        return null
      }
    },
    async close() {
      await client?.end().catch(() => {})
    },
  }
}
