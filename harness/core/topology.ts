/**
 * A topology: what stands between a shopper and the data, and how much of it. Plain data.
 * CPU is in cores (of this machine, after conversion from reference cores); 0.2 = a fifth of one core.
 * Origin of the values: defaults ← environment ← `scenario.topology` ← `--set`.
 */
export type Topology = {
  readonly balancer: BalancerTopology
  readonly app: AppTopology
  readonly database: DatabaseTopology
}

export const BALANCER_ALGORITHMS = [
  'round-robin',
  'least-connections',
  'random-two',
  'ewma',
  'ip-hash',
] as const
export type BalancerAlgorithm = (typeof BALANCER_ALGORITHMS)[number]

export type BalancerTopology = {
  /** `none`: shoppers reach the first app instance directly. */
  readonly engine: 'none' | 'embedded'
  readonly cpu: number
  readonly algorithm: BalancerAlgorithm
  /** Requests one server may have at once; the rest queue in the balancer. `null`: no limit. */
  readonly maxConnectionsPerServer: number | null
  /** How long a request may queue in the balancer before it gets a 503. */
  readonly queueTimeoutMs: number
}

export type AppTopology = {
  readonly instances: number
  /** CPU budget of each instance. */
  readonly cpu: number
  /** Database connections each instance may open. */
  readonly poolSize: number
  /** Further knobs of the app, passed on as its environment (for the sample shop: `sample-shop/knobs.ts`). */
  readonly settings: Readonly<Record<string, string | number | boolean>>
  /** Planted flaws of the sample shop that are switched on. */
  readonly flaws: readonly string[]
}

export type DatabaseTopology = {
  readonly cpu: number
  readonly maxConnections: number
  /** Postgres settings (`postgres -c name=value`). */
  readonly settings: Readonly<Record<string, string>>
}

/** What every scenario starts from: one small app server and one small database server behind a balancer. */
export const DEFAULT_TOPOLOGY: Topology = {
  balancer: {
    engine: 'embedded',
    cpu: 0.25,
    algorithm: 'least-connections',
    maxConnectionsPerServer: null,
    queueTimeoutMs: 2000,
  },
  app: { instances: 1, cpu: 0.3, poolSize: 10, settings: {}, flaws: [] },
  database: { cpu: 0.2, maxConnections: 100, settings: {} },
}

/** The part of the machine the generator, the supervisor and the probes need beside the topology, in cores. */
export const HARNESS_CPU = { generator: 0.25, supervisor: 0.15 } as const

/** CPU that a topology's budgets add up to, in cores. */
export function topologyCpu(topology: Topology): number {
  const balancer = topology.balancer.engine === 'none' ? 0 : topology.balancer.cpu
  return balancer + topology.app.instances * topology.app.cpu + topology.database.cpu
}
