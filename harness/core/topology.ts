/**
 * A topology: what stands between a shopper and the data, and how much of it. Plain data.
 * CPU is in cores (of this machine, after conversion from reference cores); 0.2 = a fifth of one core.
 * Origin of the values: defaults ← environment ← `scenario.topology` ← `--set`.
 */
export type Topology = {
  readonly balancer: BalancerTopology
  readonly app: AppTopology
  readonly pooler: PoolerTopology
  readonly database: DatabaseTopology
  readonly cache: CacheTopology
}

export const BALANCER_ALGORITHMS = [
  'round-robin',
  'least-connections',
  'random-two',
  'ewma',
  'ip-hash',
] as const
export type BalancerAlgorithm = (typeof BALANCER_ALGORITHMS)[number]

export const BALANCER_ENGINES = ['none', 'embedded', 'haproxy'] as const
export type BalancerEngine = (typeof BALANCER_ENGINES)[number]

export type BalancerTopology = {
  /** `none`: shoppers reach the first app instance directly. `haproxy`: the program of that name on this machine. */
  readonly engine: BalancerEngine
  readonly cpu: number
  readonly algorithm: BalancerAlgorithm
  /** Requests one server may have at once; the rest queue in the balancer. `null`: no limit. */
  readonly maxConnectionsPerServer: number | null
  /** How long a request may queue in the balancer before it gets a 503. */
  readonly queueTimeoutMs: number
  /** Requests that may queue in the balancer at once; the next one gets a 503 at once. `null`: no limit. */
  readonly maxQueued: number | null
  /**
   * Time between two active health checks of a server: GET `healthCheckPath`, 2xx or 3xx within the interval. Three that fail
   * in a row take it out, two that succeed bring it back. `null`: none.
   */
  readonly healthCheckIntervalMs: number | null
  /** `null`: the path at which the app says that it is ready. */
  readonly healthCheckPath: string | null
  /** A server that fails this many requests in a row (5xx but 501 and 505, or no answer) is ejected. `null`: never. */
  readonly ejectAfterFailures: number | null
  /** A server that fails this share (0..1) of 50 requests is ejected. `null`: never. HAProxy has no such rule. */
  readonly ejectAboveErrorShare: number | null
  /** How long a server is ejected; the embedded balancer doubles it each time in a row, up to 16 times. */
  readonly ejectForMs: number
  /** Most servers that may be ejected at once, as a share (0..1) of them. HAProxy knows no bound. */
  readonly maxEjectedShare: number
  /**
   * How often a request may be sent to another server: one that was certainly not executed (connection refused), or a GET, HEAD
   * or OPTIONS without any byte of an answer.
   */
  readonly retries: number
  /** A server that was added or comes back gets its full share only after this long, rising from a tenth. 0: at once. */
  readonly slowStartMs: number
  /** How long a server that is taken away may finish what it has. */
  readonly drainMs: number
  /** Share of each server by its name ("app-1"), in proportion; 1 where nothing is said. */
  readonly weights: Readonly<Record<string, number>>
}

/** A balancer keeps places for as many. */
export const MOST_INSTANCES = 32

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

export const POOLER_KINDS = ['none', 'pgbouncer'] as const
export type PoolerKind = (typeof POOLER_KINDS)[number]

export const POOLER_MODES = ['transaction', 'session'] as const
export type PoolerMode = (typeof POOLER_MODES)[number]

export type PoolerTopology = {
  /** `pgbouncer`: the program of that name on this machine, between all app servers and the primary. */
  readonly kind: PoolerKind
  readonly cpu: number
  /** Connections to the database that all app servers share; they are opened before the load comes, and kept. */
  readonly poolSize: number
  /**
   * What an app's connection gets one of them for: a transaction, which leaves nothing behind in the session (no named
   * prepared statements, no SET, no advisory locks), or all its life.
   */
  readonly poolMode: PoolerMode
}

export const CACHE_KINDS = ['none', 'redis'] as const
export type CacheKind = (typeof CACHE_KINDS)[number]

export type CacheTopology = {
  /**
   * `redis`: the program of that name on this machine, told to the app as REDIS_URL. What the app keeps there is its own
   * affair (of the sample shop, the settings `cache` and `sessions`).
   */
  readonly kind: CacheKind
  readonly cpu: number
  /** What it may keep, MiB: beyond it what was not asked for the longest goes. */
  readonly memoryMb: number
}

export type DatabaseTopology = {
  /** CPU budget of the primary, and of each replica. */
  readonly cpu: number
  readonly maxConnections: number
  /** Postgres settings (`postgres -c name=value`). */
  readonly settings: Readonly<Record<string, string>>
  /** Streaming standbys that the app may read (SHOP_REPLICA_URLS). */
  readonly replicas: number
  /** Each replica shows a commit this long after it was made (Postgres' recovery_min_apply_delay); 0: as soon as it can. */
  readonly replicaApplyDelayMs: number
  /**
   * Memory of the primary with all its sessions, MiB: beyond it the kernel kills one, and Postgres ends them all. `null`: no
   * limit. Replicas have none.
   */
  readonly memoryMb: number | null
}

/** What every scenario starts from: one small app server and one small database server behind a balancer. */
export const DEFAULT_TOPOLOGY: Topology = {
  balancer: {
    engine: 'embedded',
    cpu: 0.25,
    algorithm: 'least-connections',
    maxConnectionsPerServer: null,
    queueTimeoutMs: 2000,
    maxQueued: null,
    healthCheckIntervalMs: null,
    healthCheckPath: null,
    ejectAfterFailures: null,
    ejectAboveErrorShare: null,
    ejectForMs: 10_000,
    maxEjectedShare: 0.5,
    retries: 1,
    slowStartMs: 0,
    drainMs: 2000,
    weights: {},
  },
  app: { instances: 1, cpu: 0.3, poolSize: 10, settings: {}, flaws: [] },
  pooler: { kind: 'none', cpu: 0.1, poolSize: 20, poolMode: 'transaction' },
  database: {
    cpu: 0.2,
    maxConnections: 100,
    settings: {},
    replicas: 0,
    replicaApplyDelayMs: 0,
    memoryMb: null,
  },
  cache: { kind: 'none', cpu: 0.1, memoryMb: 64 },
}

/** The part of the machine the generator, the supervisor and the probes need beside the topology, in cores. */
export const HARNESS_CPU = { generator: 0.25, supervisor: 0.15 } as const

/** CPU that a topology's budgets add up to, in cores. */
export function topologyCpu(topology: Topology): number {
  const balancer = topology.balancer.engine === 'none' ? 0 : topology.balancer.cpu
  const databases = (1 + topology.database.replicas) * topology.database.cpu
  const pooler = topology.pooler.kind === 'none' ? 0 : topology.pooler.cpu
  const cache = topology.cache.kind === 'none' ? 0 : topology.cache.cpu
  return balancer + topology.app.instances * topology.app.cpu + pooler + databases + cache
}
