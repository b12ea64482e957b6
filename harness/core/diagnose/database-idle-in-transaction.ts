import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals, DatabaseSignals } from './signals.ts'
import {
  count,
  cpuTestimony,
  cpuWords,
  isIdleInTransaction,
  isLockBound,
  isLoopHeld,
  isSaturated,
  lockTestimony,
  waitingTestimony,
} from './testimony.ts'

/** Transactions stay open while the app does something else: their connections are taken, and nothing happens on them. */
export const databaseIdleInTransaction: Rule = {
  class: 'database-idle-in-transaction',
  // More connections to wait on move the limit, and say nothing of why they are held.
  predictions: { 'app.scale-out': 'up', 'app.pool-size': 'up' },
  decisive: 'those-that-help',
  assess(signals) {
    const { database, app } = signals
    const sessions = database?.sessions ?? null
    const pool = app?.pool ?? null
    const waiting = waitingTestimony(app)
    const databaseCpu = database?.cpu ?? null
    const appCpu = app?.cpu ?? null
    return weigh(
      [
        [3, idleTestimony(database, pool)],
        [2, waiting],
        [1.5, cpuTestimony('database', databaseCpu, 'spare')],
        [1, lockTestimony(database, 'none')],
        [1.5, cpuTestimony('app', appCpu, 'spare')],
      ],
      [
        !isIdleInTransaction(database, pool) && 'few sessions stand idle in a transaction',
        waiting !== null && !waiting.supports && 'hardly a request waits for a connection',
        isLockBound(database) && 'sessions wait for locks that others hold',
        isSaturated(databaseCpu) &&
          databaseCpu !== null &&
          `the database's CPU is used up (${cpuWords(databaseCpu)})`,
        isSaturated(appCpu) &&
          appCpu !== null &&
          `transactions wait for the app, which has no CPU left (${cpuWords(appCpu)})`,
        isLoopHeld(signals) && 'transactions wait for the app, whose event loop stands still at times',
      ],
      {
        resource: app?.components.join(', ') ?? null,
        says:
          sessions && pool
            ? `idle transactions: ${count(sessions.idleInTransaction)} of ${count(pool.max)} connections are held by transactions in which nothing happens, and ${count(pool.waiting)} requests wait for one`
            : 'idle transactions',
      },
      [
        sessions === null && 'what sessions of the database do was not seen',
        waiting === null && "the app's connection pool was not measured",
      ],
    )
  },
}

function idleTestimony(database: DatabaseSignals | null, pool: AppSignals['pool']): Evidence | null {
  if (!database?.sessions || !pool) return null
  const { idleInTransaction, active } = database.sessions
  return {
    layer: 'database',
    metric: 'sessionsIdleInTransaction',
    value: idleInTransaction,
    unit: 'sessions',
    threshold: Math.max(2, 0.5 * pool.max),
    supports: isIdleInTransaction(database, pool),
    says: `${count(idleInTransaction)} sessions stand idle in a transaction, ${count(active)} do something`,
  }
}
