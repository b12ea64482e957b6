import type { Topology } from '../../core/topology.ts'

/** `true`, or which parts of a topology rehearsals in containers do not have. */
export function whetherComposeStands({ database, pooler, cache }: Topology): true | string {
  if (database.replicas > 0 || database.memoryMb !== null)
    return 'rehearsals with --env compose start no replicas, and limit no memory of the database'
  if (pooler.kind !== 'none' || cache.kind !== 'none')
    return 'rehearsals with --env compose start no pooler and no Redis'
  return true
}
