import type { Topology } from './topology.ts'

/**
 * Whether a click costs each resource the same on both: only CPU budgets and the number of servers differ. What any other
 * change does to the work of a click cannot be predicted from demands that were measured without it.
 */
export function demandsStay(one: Topology, other: Topology): boolean {
  return workOf(one) === workOf(other)
}

function workOf({ balancer, app, pooler, database, cache }: Topology): string {
  return JSON.stringify({
    balancer: { ...balancer, cpu: null, engine: null },
    app: { ...app, cpu: null, instances: null },
    pooler: { ...pooler, cpu: null },
    database: { ...database, cpu: null },
    cache: { ...cache, cpu: null },
  })
}
