import { type Rule, weigh } from './rule.ts'
import {
  count,
  cpuTestimony,
  cpuWords,
  isLockBound,
  isSaturated,
  lockTestimony,
  percent,
  pressureTestimony,
} from './testimony.ts'

/** Transactions queue for the same row: no more than one at a time gets through, however large the servers. */
export const databaseLock: Rule = {
  class: 'database-lock',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: 'checkout.shorten-lock',
  assess({ database, app }) {
    const cpu = database?.cpu ?? null
    const sessions = database?.sessions ?? null
    const where = database?.lockedStatement ? ` in "${database.lockedStatement}"` : ''
    const idle = cpu ? ` while its CPU is ${percent(cpu.busyRatio)} busy` : ''
    return weigh(
      [
        [3, lockTestimony(database, 'queue')],
        [1.5, cpuTestimony('database', cpu, 'spare')],
        [1.5, pressureTestimony(app)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        sessions === null && 'what sessions of the database wait for was not seen',
        !isLockBound(database) &&
          (sessions && sessions.lock >= 0.05
            ? 'few sessions wait for a lock'
            : 'no session waits for a lock'),
        isSaturated(cpu) &&
          cpu !== null &&
          `the database's CPU is used up (${cpuWords(cpu)}): locks are held long because of it`,
      ],
      {
        resource: database?.lockedStatement ?? database?.component ?? null,
        says: sessions
          ? `lock queue in the database: ${count(sessions.lock)} of ${count(sessions.active)} active sessions wait for a lock${where}${idle}`
          : 'lock queue in the database',
      },
    )
  },
}
