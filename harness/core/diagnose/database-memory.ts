import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { DatabaseSignals } from './signals.ts'
import { ms, pressureTestimony } from './testimony.ts'

/**
 * The sessions need more memory than the database server has. Two who do not know of each other tell: the kernel, which
 * killed one, and Postgres, which then ended all.
 */
export const databaseMemory: Rule = {
  class: 'database-memory',
  // A scale-up brings CPU, no memory. More servers bring more sessions.
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: null,
  assess({ database, app, shopper }) {
    const killed = killedTestimony(database)
    const restarted = restartedTestimony(database)
    return weigh(
      [
        [3, killed],
        [3, restarted],
        [
          1,
          {
            layer: 'shopper',
            metric: 'objectivesBroken',
            value: shopper.broken.length,
            unit: 'objectives',
            threshold: 0,
            supports: !shopper.held,
            says: shopper.broken.join('; ') || 'every objective held',
          },
        ],
        [0.5, pressureTestimony(app)],
      ],
      [
        killed === null && "the database's memory was not limited",
        killed !== null && !killed.supports && 'the system killed no process of the database',
        restarted !== null && !restarted.supports && 'the database ended no session',
      ],
      { resource: database?.component ?? null, says: words(database) },
    )
  },
}

function words(database: DatabaseSignals | null): string {
  if (!database?.memory || !database.restarts) return 'database memory'
  const { limitMb, kills } = database.memory
  const { recoveryMs } = database.restarts
  const back = recoveryMs === null ? '' : `; back after ${ms(recoveryMs)}`
  return `database memory: at its limit of ${Math.round(limitMb)} MB the system killed ${kills} of its processes, and all sessions ended with it${back}`
}

function killedTestimony(database: DatabaseSignals | null): Evidence | null {
  if (!database?.memory) return null
  const { limitMb, heldMb, kills } = database.memory
  return {
    layer: 'host',
    metric: 'kills',
    value: kills,
    unit: 'processes',
    threshold: 1,
    supports: kills >= 1,
    says: `the system killed ${kills} ${kills === 1 ? 'process' : 'processes'} of the database; of ${Math.round(limitMb)} MB it was seen to hold ${Math.round(heldMb)}`,
  }
}

function restartedTestimony(database: DatabaseSignals | null): Evidence | null {
  if (!database?.restarts) return null
  const { n, recoveryMs } = database.restarts
  return {
    layer: 'database',
    metric: 'restarts',
    value: n,
    unit: 'restarts',
    threshold: 1,
    supports: n >= 1,
    says:
      n > 0
        ? `Postgres ended all its sessions ${n === 1 ? 'once' : `${n} times`}${recoveryMs === null ? '' : `, and took ${ms(recoveryMs)} to come back`}`
        : 'Postgres ended no session',
  }
}
