import type { Topology } from '../topology.ts'
import type { Fix } from './fix.ts'

/** What `topology.app.poolSize` may be. */
const LARGEST_POOL = 500

/**
 * Connections of each server's pool. Pools that add up to more than the database allows are made smaller, as many as
 * there are for each; others are doubled until they should carry the peak. While requests wait for connections, those
 * in use grow with the load (Little's law: load × the time each is held), so today's number × peak ÷ today's capacity is
 * enough as long as they are held no longer; less than twice as many would hide in the noise.
 */
export const appPoolSize: Fix = {
  id: 'app.pool-size',
  label: (step) => `a pool of ${step} per app server`,
  steps: (today, { neededPerSec, capacityPerSec }) => {
    const { poolSize } = today.app
    const most = mostPerServer(today)
    if (poolSize > most) return most < 1 ? [] : [most]
    const enough = capacityPerSec === null ? 0 : (poolSize * neededPerSec) / capacityPerSec
    const doubled: number[] = []
    for (let size = poolSize * 2; size <= most; size *= 2) doubled.push(size)
    const sufficient = doubled.filter((size) => size >= enough)
    return sufficient.length > 0 ? sufficient : doubled.slice(-1)
  },
  apply: (topology, step) => ({ ...topology, app: { ...topology.app, poolSize: step } }),
  appliesTo: (topology) => {
    const { app, database } = topology
    const most = mostPerServer(topology)
    const allowed = `the ${database.maxConnections} connections that the database allows`
    if (most < 1) return `${app.instances} app servers cannot share ${allowed}`
    return (
      app.poolSize > most ||
      app.poolSize * 2 <= most ||
      `pools twice as large, ${app.instances} × ${app.poolSize * 2}, are more than ${allowed}`
    )
  },
  helps: ['pool-wait', 'database-connections', 'database-idle-in-transaction'],
  offered: 'when-diagnosed',
  tellsCause: true,
  sideEffect:
    'another number of sessions in the database: more of them than it has work for only queue there',
  cost: () => 0,
}

function mostPerServer({ app, pooler, database }: Topology): number {
  // A pooler takes as many as come, and shares out what the database allows.
  if (pooler.kind !== 'none') return LARGEST_POOL
  return Math.min(LARGEST_POOL, Math.floor(database.maxConnections / app.instances))
}
