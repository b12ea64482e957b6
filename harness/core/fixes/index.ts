import type { Topology } from '../topology.ts'
import { appPoolSize } from './app-pool-size.ts'
import { appScaleOut } from './app-scale-out.ts'
import { balancerAlgorithm } from './balancer-algorithm.ts'
import { balancerLimit } from './balancer-limit.ts'
import { balancerSpread } from './balancer-spread.ts'
import { cacheAdd } from './cache-add.ts'
import { cacheRedis } from './cache-redis.ts'
import { cacheSingleFlight } from './cache-single-flight.ts'
import { checkoutShortenLock } from './checkout-shorten-lock.ts'
import { databaseIndex } from './database-index.ts'
import { databaseReplica } from './database-replica.ts'
import { databaseScaleUp } from './database-scale-up.ts'
import { databaseSettings } from './database-settings.ts'
import type { Fix, FixId, FixStep } from './fix.ts'
import { poolerAdd } from './pooler-add.ts'
import { shopDegrade } from './shop-degrade.ts'
import { shopMend } from './shop-mend.ts'
import { shopWaitingRoom } from './shop-waiting-room.ts'

export { FIX_IDS, type Fix, type FixId, type FixStep } from './fix.ts'

/** Every fix there is: one file and one entry each. */
export const FIXES: Readonly<Record<FixId, Fix>> = {
  'database.index': databaseIndex,
  'checkout.shorten-lock': checkoutShortenLock,
  'shop.mend': shopMend,
  'cache.single-flight': cacheSingleFlight,
  'app.pool-size': appPoolSize,
  'pooler.add': poolerAdd,
  'database.scale-up': databaseScaleUp,
  'app.scale-out': appScaleOut,
  'database.settings': databaseSettings,
  'database.replica': databaseReplica,
  'cache.add': cacheAdd,
  'cache.redis': cacheRedis,
  'shop.degrade': shopDegrade,
  'shop.waiting-room': shopWaitingRoom,
  'balancer.limit': balancerLimit,
  'balancer.algorithm': balancerAlgorithm,
  'balancer.spread': balancerSpread,
}

/** The topology an arm stands for: today's, with each fix applied in order. */
export function applyFixes(today: Topology, fixes: readonly FixStep[]): Topology {
  return fixes.reduce((topology, { id, step }) => FIXES[id].apply(topology, step), today)
}

/** "database CPU ×3 + load balancing over 2 servers", or "today". Given today's topology it can say more. */
export function armLabel(fixes: readonly FixStep[], today?: Topology): string {
  return fixes.length === 0
    ? 'today'
    : fixes.map(({ id, step, label }) => label ?? FIXES[id].label(step, today)).join(' + ')
}
