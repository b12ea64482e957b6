import { availableParallelism } from 'node:os'
import { HarnessError } from '../core/errors.ts'
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

/** Refuses budgets that this machine cannot keep; throws a HarnessError `environment` that shows the sum. */
export function checkFit(topology: Topology): void {
  const fits = whetherItFits(topology)
  if (fits === true) return
  throw new HarnessError({
    code: 'environment',
    message: `today's CPU budgets do not fit this machine: ${fits}`,
    where:
      'topology: balancer.cpu, app.instances × app.cpu, pooler.cpu, (1 + database.replicas) × database.cpu, cache.cpu',
    hint: 'lower them (--set topology.database.cpu=0.2), or run on a machine with more cores',
  })
}

function cpu(cores: number): string {
  return String(Math.round(cores * 100) / 100)
}
