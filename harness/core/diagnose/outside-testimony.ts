import type { Evidence } from '../result.ts'
import type { Signals } from './signals.ts'
import { count, percent, pressureTestimony } from './testimony.ts'

/** Of the connections that apps hold open: with fewer busy, none had to wait for one. */
const BUSY_CONNECTIONS = 0.9
const FEWEST_CONNECTIONS = 2

/** Neither the app of a system that is not ours nor its shoppers say how they are served. */
export function isUnheard({ attached, shopper, app }: Signals): boolean {
  return attached && shopper.judged === 0 && pressureTestimony(app) === null
}

/**
 * A second layer, on a system that is not ours, where the app says nothing of itself: shoppers who wait too long; or,
 * when somebody else drives the load, the app's connections as the database sees them, hardly one of which is ever idle.
 * `null`: the app speaks, or neither was seen.
 */
export function outsideTestimony({ attached, shopper, database, app }: Signals): Evidence | null {
  if (!attached || pressureTestimony(app) !== null) return null
  if (shopper.judged > 0)
    return {
      layer: 'shopper',
      metric: 'objectivesBroken',
      value: shopper.broken.length,
      unit: 'objectives',
      threshold: 1,
      supports: shopper.broken.length > 0,
      says: shopper.broken[0] ?? 'every objective held',
    }
  if (!database?.sessions || !database.connections) return null
  const { used } = database.connections
  if (used < FEWEST_CONNECTIONS) return null
  const { active, idleInTransaction } = database.sessions
  const busy = Math.min(1, (active + idleInTransaction) / used)
  return {
    layer: 'pool',
    metric: 'connectionsBusy',
    value: busy,
    unit: 'ratio',
    threshold: BUSY_CONNECTIONS,
    supports: busy >= BUSY_CONNECTIONS,
    says: `${percent(busy)} of the app's ${count(used)} open connections are busy at a time`,
  }
}
