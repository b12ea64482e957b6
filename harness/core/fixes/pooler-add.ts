import type { Topology } from '../topology.ts'
import type { Fix } from './fix.ts'

/**
 * PgBouncer's own default pool: a database has work for few transactions at once, and whoever waits in the pooler takes
 * nothing from those that run.
 */
const USUAL_POOL = 20

/** A pooler through which all app servers share the connections the database has, transaction by transaction. */
export const poolerAdd: Fix = {
  id: 'pooler.add',
  label: (step) => `a pooler with ${step} connections to the database`,
  steps: ({ database: { maxConnections } }) => {
    const sizes: number[] = []
    for (let size = USUAL_POOL; size < maxConnections; size *= 2) sizes.push(size)
    return [...sizes, maxConnections]
  },
  apply: (topology, step) => ({
    ...topology,
    pooler: { ...topology.pooler, kind: 'pgbouncer', poolMode: 'transaction', poolSize: step },
  }),
  appliesTo: ({ pooler }) => pooler.kind === 'none' || 'there is a pooler already',
  helps: ['database-connections', 'pool-wait'],
  offered: 'when-diagnosed',
  offeredWhere: wantsMoreThanThereAre,
  tellsCause: false,
  sideEffect:
    'one more hop, and one more part that can fail; an app must keep nothing in its session from one transaction to the next',
  cost: () => 0.1,
}

/** Where the database has a connection for each of the pools' own, sharing them wins nothing. */
function wantsMoreThanThereAre({ app, database }: Topology): boolean {
  return app.instances * app.poolSize > database.maxConnections
}
