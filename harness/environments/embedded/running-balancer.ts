import type { BalancerTopology } from '../../core/topology.ts'
import type { BalancerEndpoint } from '../../ports.ts'
import type { AppInstance } from './app/app-instances.ts'
import type { Supervisor } from './supervisor/connect.ts'

export const BALANCER = 'balancer'

/** What it takes to start one. */
export type BalancerStart = {
  readonly supervisor: Supervisor
  readonly topology: BalancerTopology
  /** Path at which the app says that it is ready. */
  readonly readyPath: string
  readonly instances: readonly AppInstance[]
  readonly signal: AbortSignal
  /** Where it listened before, if it did; absent: any free port. */
  readonly port: number | undefined
}

/** The balancer that runs now, whichever it is. */
export type RunningBalancer = {
  readonly port: number
  readonly pid: number
  /** Where it tells its figures. */
  readonly endpoint: BalancerEndpoint
  /** Replaces the servers it spreads requests over, while it runs. */
  readonly putServers: (instances: readonly AppInstance[]) => Promise<void>
  /** Resolves when the servers taken off the list have finished what they had, or their time to do so is over. */
  readonly drained: () => Promise<void>
}
