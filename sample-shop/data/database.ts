import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { RetryLater } from '../domain/retry-later.ts'
import { ShopError } from '../domain/shop-error.ts'
import type { Telemetry } from '../telemetry.ts'

/** What one request spent waiting: in line, for a connection, for statements, for the cache. */
export type Spent = { queueMs: number; poolMs: number; dbMs: number; cacheMs: number }

export type Row = Readonly<Record<string, unknown>>

/** One connection of the pool, for as long as the work it was handed to lasts. */
export type Connection = {
  /** Sends one statement. `name` is its label in the metrics, not a prepared statement: poolers cannot share those. */
  query<R extends Row>(name: string, text: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** Begins a transaction in which no statement waits longer than SHOP_LOCK_TIMEOUT_MS for a lock. */
  begin(): Promise<void>
}

export type Database = {
  /** Runs `work` with a connection. A page takes one connection once, so it queues once. */
  hold<T>(spent: Spent, work: (connection: Connection) => Promise<T>): Promise<T>
  /** Resolves when the connections that are opened at the start are open. */
  readonly opened: Promise<void>
  /** True when every connection of the pool was open once and the database answers now. */
  isReady(): Promise<boolean>
  close(): Promise<void>
}

const REFILL_AFTER_MS = 250
/** SQLSTATE: of the server, of the database or of the role. */
const TOO_MANY_CONNECTIONS = '53300'
const LOCK_NOT_AVAILABLE = '55P03'
const READ_ONLY_TRANSACTION = '25006'

/**
 * Opens the pool. All its connections (or SHOP_POOL_MIN of them) are opened at once and kept, so that nothing is opened
 * under load; those that break are replaced within half a second of the database's return.
 */
export function openDatabase(config: Config, telemetry: Telemetry, log: Logger): Database {
  const atOnce = Math.min(config.poolMin, config.poolSize)
  const pool = new pg.Pool({
    connectionString: config.databaseUrl,
    application_name: `shop ${config.instance}`,
    max: config.poolSize,
    min: atOnce,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: config.poolTimeoutMs,
    query_timeout: config.queryTimeoutMs,
    keepAlive: true,
  })
  telemetry.watchPool(() => ({
    max: config.poolSize,
    total: pool.totalCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  }))
  let full = false
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let refillTimer: NodeJS.Timeout | null = null

  // Without a listener, a backend that is killed while idle would end the process.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'lost an idle connection'))
  // The pool takes that listener away from those it hands out, before whoever asked for one can hear of it.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('remove', () => refillSoon())

  function refillSoon(): void {
    if (refillTimer || pool.ending) return
    refillTimer = setTimeout(() => {
      refillTimer = null
      void fill()
    }, REFILL_AFTER_MS)
    refillTimer.unref()
  }

  /** Asks for the idle connections and the missing ones in one go: the pool then has to open what is missing. */
  async function fill(): Promise<void> {
    const missing = atOnce - pool.totalCount
    const asked = Array.from({ length: missing > 0 ? pool.idleCount + missing : 0 }, () => pool.connect())
    const answers = await Promise.allSettled(asked)
    for (const answer of answers) if (answer.status === 'fulfilled') answer.value.release()
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed) {
      log.warn({ reason: reasonOf(failed.reason) }, 'cannot open all connections')
      refillSoon()
    } else if (!full) {
      full = true
      open()
      log.info({ connections: atOnce }, 'pool open')
    }
  }
  void fill()

  async function acquire(spent: Spent): Promise<pg.PoolClient> {
    const askedAtMs = performance.now()
    try {
      return await pool.connect()
    } catch (error) {
      const timedOut = error instanceof Error && /timeout/.test(error.message)
      if (error instanceof pg.DatabaseError && error.code === TOO_MANY_CONNECTIONS)
        telemetry.connectionRefused()
      if (!timedOut) throw unavailable(error)
      telemetry.poolTimedOut()
      throw new ShopError(
        503,
        'pool-timeout',
        'The shop is too busy: no database connection came free.',
        error,
      )
    } finally {
      const waitedMs = performance.now() - askedAtMs
      spent.poolMs += waitedMs
      telemetry.poolWaited(waitedMs / 1000)
    }
  }

  /** Errors of statements that are right, and would work a while later; `null` for all others. */
  function turnedAway(error: unknown): RetryLater | null {
    const state = error instanceof pg.DatabaseError ? error.code : null
    const again = (code: string, message: string) =>
      new RetryLater(
        503,
        code,
        `${message} Nothing was changed. Please try again.`,
        config.retryAfterSec,
        error,
      )
    if (state === LOCK_NOT_AVAILABLE) {
      return again('lock-timeout', 'Too many others are at the very same thing just now.')
    }
    if (state === READ_ONLY_TRANSACTION) {
      return again('read-only', 'The shop can only be looked at just now: its database takes no changes.')
    }
    return null
  }

  return {
    async hold(spent, work) {
      const client = await acquire(spent)
      const heldFromMs = performance.now()
      let broken: Error | undefined
      // While a client is checked out its errors are ours to hear; the pool listens only to idle ones.
      const onError = (error: Error) => {
        broken = error
      }
      client.on('error', onError)
      const held: Connection = {
        async query<R extends Row>(name: string, text: string, values: readonly unknown[] = []) {
          const sentAtMs = performance.now()
          try {
            return (await client.query<R>(named(name, text), [...values])).rows
          } catch (error) {
            if (!isConnectionLost(error)) throw turnedAway(error) ?? error
            broken = error instanceof Error ? error : new Error(String(error))
            throw unavailable(error)
          } finally {
            const tookMs = performance.now() - sentAtMs
            spent.dbMs += tookMs
            telemetry.queried(name, tookMs / 1000)
          }
        },
        async begin() {
          // In one message, so that the limit costs no trip; within the transaction, so that a pooler can have it.
          await held.query('begin', `begin; set local lock_timeout = ${config.lockTimeoutMs}`)
        },
      }
      try {
        return await work(held)
      } finally {
        client.off('error', onError)
        client.release(broken)
        telemetry.poolHeld((performance.now() - heldFromMs) / 1000)
      }
    },
    opened,
    async isReady() {
      // Straight from the pool: a health check is no request, and must not show in the requests' pool wait.
      if (!full) return false
      const answered = pool.query('select 1').then(
        () => true,
        () => false,
      )
      // A database that says nothing is not ready; whoever asks wants to know in time.
      return Promise.race([answered, delay(config.poolTimeoutMs, false, { ref: false })])
    },
    async close() {
      if (refillTimer) clearTimeout(refillTimer)
      await pool.end()
    },
  }
}

/** Runs `work` in a transaction on a connection already held: commits when it resolves, rolls back when it rejects. */
export async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.begin()
  try {
    const result = await work()
    await connection.query('commit', 'commit')
    return result
  } catch (error) {
    // If the connection is gone so is the transaction, and the first error is the one worth reporting.
    await connection.query('rollback', 'rollback').catch(() => {})
    throw error
  }
}

/**
 * A statement with its name in a comment, so that whoever looks into the database sees what the shop calls it. After
 * the first word: Postgres keeps no comment before it.
 */
function named(name: string, text: string): string {
  return text.replace(/^\s*\w+/, (verb) => `${verb} /* ${name.replaceAll('-', ' ')} */`)
}

/** Anything but a statement's own error: SQLSTATE class 08, 57P01-57P03 (shutdown, crash, starting), or no SQLSTATE. */
function isConnectionLost(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|57P)/.test(error.code ?? '08')
}

function unavailable(error: unknown): ShopError {
  return new ShopError(503, 'database-unavailable', 'The shop cannot reach its database.', error)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
