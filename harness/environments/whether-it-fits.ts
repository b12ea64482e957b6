import { availableParallelism } from 'node:os'
import { HARNESS_CPU, type Topology, topologyCpu } from '../core/topology.ts'

/** Room for rounding in sums of budgets such as 0.25 + 2 × 0.3 + 0.6. */
const ROUNDING = 1e-9

/** `true`, or the sum that shows why these budgets cannot be kept on a machine with `cores` cores. */
export function whetherItFits(topology: Topology, cores: number = availableParallelism()): true | string {
  const harnessCpu = HARNESS_CPU.generator + HARNESS_CPU.supervisor
  const needed = topologyCpu(topology) + harnessCpu
  if (needed <= cores + ROUNDING) return true
  const parts = [
    topology.balancer.engine === 'none' ? null : `balancer ${cpu(topology.balancer.cpu)}`,
    `app ${topology.app.instances} × ${cpu(topology.app.cpu)}`,
    topology.pooler.kind === 'none' ? null : `pooler ${cpu(topology.pooler.cpu)}`,
    `database ${cpu(topology.database.cpu)}`,
    topology.database.replicas === 0
      ? null
      : `replicas ${topology.database.replicas} × ${cpu(topology.database.cpu)}`,
    topology.cache.kind === 'none' ? null : `cache ${cpu(topology.cache.cpu)}`,
    `load generator and probes ${cpu(harnessCpu)}`,
  ].filter((part) => part !== null)
  return `needs ${cpu(needed)} cores (${parts.join(' + ')}), this machine has ${cores}`
}

function cpu(cores: number): string {
  return String(Math.round(cores * 100) / 100)
}
