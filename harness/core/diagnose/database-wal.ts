import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals, DatabaseSignals } from './signals.ts'
import {
  count,
  cpuTestimony,
  cpuWords,
  isFlushBound,
  isLockBound,
  isLoopHeld,
  isRefused,
  isSaturated,
  ms,
  percent,
} from './testimony.ts'

/**
 * What a statement takes at the app beyond its execution: with a commit of its own, a flush. Without fsync the whole of an
 * update took 0.6 ms, with it 4.2 (field notes, 16 clients).
 */
const FLUSH_MS = 2

/** Commits queue for the write-ahead log to reach the disk: no more than one flush at a time, however large the servers. */
export const databaseWal: Rule = {
  class: 'database-wal',
  predictions: {},
  decisive: 'those-that-help',
  assess(signals) {
    const { database, app, shopper } = signals
    const cpu = database?.cpu ?? null
    const appCpu = app?.cpu ?? null
    const sessions = database?.sessions ?? null
    const flush = flushTestimony(app, database)
    const idle = cpu ? `, while its CPU is ${percent(cpu.busyRatio)} busy` : ''
    return weigh(
      [
        [4, queueTestimony(database)],
        [1.5, flush],
        [1.5, cpuTestimony('database', cpu, 'spare')],
        [1, cpuTestimony('app', appCpu, 'spare')],
      ],
      [
        !isFlushBound(database) && 'few sessions wait for the write-ahead log',
        flush !== null && !flush.supports && 'statements take no longer than their execution',
        // Sessions of a shop that writes wait for flushes at any load: that alone is no limit.
        shopper.held && 'sessions wait for flushes, and shoppers are served as promised',
        isSaturated(cpu) &&
          cpu !== null &&
          `the database's CPU is used up (${cpuWords(cpu)}): flushes take long because of it`,
        isLockBound(database) && 'sessions wait for locks',
        isRefused(app) && 'the database refuses connections: flushes only make them last longer',
        isSaturated(appCpu) && appCpu !== null && `the app has no CPU left (${cpuWords(appCpu)})`,
        isLoopHeld(signals) && "answers wait for the app's event loop, which stands still at times",
      ],
      {
        resource: database?.component ?? null,
        says:
          sessions?.wal != null
            ? `write-ahead log: ${count(sessions.wal)} of ${count(sessions.active)} active sessions wait for a flush to disk${idle}`
            : 'write-ahead log',
      },
      [
        sessions?.wal == null && 'what sessions of the database wait for was not seen',
        isFlushBound(database) &&
          flush === null &&
          'statements were not timed both at the app and in the database',
      ],
    )
  },
}

function queueTestimony(database: DatabaseSignals | null): Evidence | null {
  if (database?.sessions?.wal == null) return null
  const { wal, active } = database.sessions
  return {
    layer: 'database',
    metric: 'sessionsWal',
    value: wal,
    unit: 'sessions',
    threshold: Math.max(1, 0.5 * active),
    supports: isFlushBound(database),
    says: `${count(wal)} of ${count(active)} active sessions wait for the write-ahead log to be flushed`,
  }
}

function flushTestimony(app: AppSignals | null, database: DatabaseSignals | null): Evidence | null {
  const queryMs = app?.queryMs ?? null
  const execMs = database?.execMsMean ?? null
  if (queryMs === null || execMs === null) return null
  const beyondMs = Math.max(0, queryMs - execMs)
  return {
    layer: 'app',
    metric: 'queryMsBeyondExecution',
    value: beyondMs,
    unit: 'ms',
    threshold: FLUSH_MS,
    supports: beyondMs >= FLUSH_MS && beyondMs >= execMs,
    says: `a statement takes ${ms(queryMs)} at the app, of which its execution ${execMs < 0.1 ? 'less than 0.1 ms' : ms(execMs)}`,
  }
}
