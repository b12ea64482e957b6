import { DEFAULT_TOPOLOGY, type Topology } from './topology.ts'

/** A topology of an older record with the fields that came later at their defaults, which do what was done before. */
export function completeTopology({ balancer, app, pooler, database, cache }: Topology): Topology {
  return {
    balancer: { ...DEFAULT_TOPOLOGY.balancer, ...balancer },
    app: { ...DEFAULT_TOPOLOGY.app, ...app },
    pooler: { ...DEFAULT_TOPOLOGY.pooler, ...pooler },
    database: { ...DEFAULT_TOPOLOGY.database, ...database },
    cache: { ...DEFAULT_TOPOLOGY.cache, ...cache },
  }
}
