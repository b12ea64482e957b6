import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals, DatabaseSignals } from './signals.ts'
import {
  count,
  cpuTestimony,
  cpuWords,
  expiriesSwamp,
  fellBeforeSlow,
  isFlushBound,
  isIdleInTransaction,
  isLeaking,
  isLockBound,
  isLoopHeld,
  isRefused,
  isSaturated,
  isStorm,
  lockTestimony,
  waitingTestimony,
} from './testimony.ts'

/** Connections are held while nothing is asked of the database. */
const BUSY_CONNECTIONS = 0.5

/** Requests queue for a database connection although the database has time for them. */
export const poolWait: Rule = {
  class: 'pool-wait',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'up', 'cache.single-flight': 'none' },
  // More servers bring more connections, and more CPU with them: only larger pools tell the two apart.
  decisive: 'app.pool-size',
  assess(signals) {
    const { database, app } = signals
    const waiting = waitingTestimony(app)
    const databaseCpu = database?.cpu ?? null
    const appCpu = app?.cpu ?? null
    return weigh(
      [
        [3, waiting],
        [1.5, cpuTestimony('database', databaseCpu, 'spare')],
        [1.5, idleConnections(database, app)],
        [1.5, keptTestimony(app)],
        [1, lockTestimony(database, 'none')],
        [1.5, cpuTestimony('app', appCpu, 'spare')],
      ],
      [
        waiting === null && "the app's connection pool was not measured",
        waiting !== null && !waiting.supports && 'hardly a request waits for a connection',
        isSaturated(databaseCpu) &&
          databaseCpu !== null &&
          `connections are busy because the database is (${cpuWords(databaseCpu)})`,
        fellBeforeSlow(database),
        expiriesSwamp(signals) && 'connections are short only when pages expire from the cache together',
        isLockBound(database) && 'connections are busy waiting for locks in the database',
        isRefused(app) && 'pools cannot open what they may: the database refuses connections',
        isFlushBound(database) && 'connections are busy waiting for the write-ahead log',
        isIdleInTransaction(database, app?.pool ?? null) &&
          'connections are held by transactions in which nothing happens',
        isStorm(signals.repeats) && 'connections are wanted several times for each page',
        isLoopHeld(signals) &&
          "connections are returned late because the app's event loop stands still at times",
        isSaturated(appCpu) &&
          appCpu !== null &&
          `connections are returned late because the app has no CPU left (${cpuWords(appCpu)})`,
      ],
      {
        resource: app?.pool?.pooler ?? app?.components.join(', ') ?? null,
        says:
          app?.pool && isLeaking(app)
            ? `database connections leak: ${count(app.pool.kept ?? 0)} of ${count(app.pool.max)} were not given back, and ${count(app.pool.waiting)} requests wait for one`
            : app?.pool
              ? `database connections: ${count(app.pool.waiting)} requests wait${app.pool.pooler === null ? '' : ` at ${app.pool.pooler}`} for one of ${count(app.pool.max)}, while the database has time`
              : 'database connections',
      },
    )
  },
}

/** Only where it is so: a pool that is simply too small loses no connection. */
function keptTestimony(app: AppSignals | null): Evidence | null {
  if (!app?.pool || !isLeaking(app)) return null
  const { kept, max } = app.pool
  return {
    layer: 'app',
    metric: 'poolKept',
    value: kept ?? 0,
    unit: 'connections',
    threshold: BUSY_CONNECTIONS * max,
    supports: true,
    says: `${count(kept ?? 0)} of ${count(max)} connections are in use, and no request accounts for them: they were not given back`,
  }
}

function idleConnections(database: DatabaseSignals | null, app: AppSignals | null): Evidence | null {
  if (!database?.sessions || !app?.pool || app.pool.max <= 0) return null
  const { active } = database.sessions
  const { max } = app.pool
  return {
    layer: 'database',
    metric: 'sessionsActive',
    value: active,
    unit: 'sessions',
    threshold: BUSY_CONNECTIONS * max,
    supports: active < BUSY_CONNECTIONS * max,
    says: `of ${count(max)} connections ${count(active)} have work in the database`,
  }
}
