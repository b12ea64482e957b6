import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals, DatabaseSignals } from './signals.ts'
import {
  count,
  cpuTestimony,
  cpuWords,
  isLockBound,
  isRefused,
  isSaturated,
  lockTestimony,
  REFUSED_PER_SEC,
} from './testimony.ts'

/** Of the connections the server gives to apps: between two readings some come and go. */
const FULL = 0.9

/** The pools of all servers may open more connections than the database gives: it refuses them, and pages fail. */
export const databaseConnections: Rule = {
  class: 'database-connections',
  // More servers ask for more connections.
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: null,
  assess({ database, app }) {
    const databaseCpu = database?.cpu ?? null
    const refused = refusedTestimony(app)
    const connections = database?.connections ?? null
    return weigh(
      [
        [3, refused],
        [2, fullTestimony(database)],
        [1, cpuTestimony('database', databaseCpu, 'spare')],
        [1, lockTestimony(database, 'none')],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        refused === null && 'the app does not say whether the database refused it connections',
        refused !== null && !refused.supports && 'the database refused hardly a connection',
        isSaturated(databaseCpu) &&
          databaseCpu !== null &&
          `connections are taken long because the database is busy (${cpuWords(databaseCpu)})`,
        isLockBound(database) && 'connections are taken long because they wait for locks',
      ],
      {
        resource: database?.component ?? null,
        says:
          app?.refusedPerSec != null && connections
            ? `database connections: ${count(connections.used)} of ${count(connections.max)} are taken, and ${count(app.refusedPerSec)} requests a second are refused one`
            : 'database connections',
      },
    )
  },
}

function refusedTestimony(app: AppSignals | null): Evidence | null {
  if (app?.refusedPerSec == null) return null
  return {
    layer: 'app',
    metric: 'connectionsRefusedPerSec',
    value: app.refusedPerSec,
    unit: '1/s',
    threshold: REFUSED_PER_SEC,
    supports: isRefused(app),
    says: `the database refused ${count(app.refusedPerSec)} requests a second a connection`,
  }
}

function fullTestimony(database: DatabaseSignals | null): Evidence | null {
  if (!database?.connections) return null
  const { used, max } = database.connections
  return {
    layer: 'database',
    metric: 'connections',
    value: used,
    unit: 'connections',
    threshold: FULL * max,
    supports: used >= FULL * max,
    says: `${count(used)} of the ${count(max)} connections that apps may have are taken`,
  }
}
