import type { AttachedFacts, PrometheusSource } from './core/attached.ts'
import type { Fault } from './core/faults/fault.ts'
import type { FixStep } from './core/fixes/index.ts'
import type { LoadPlan } from './core/plan.ts'
import type {
  ComponentRole,
  EngineEnd,
  Isolation,
  OrderLine,
  SendLagLine,
  SeriesLine,
  SlotLine,
  UnknownOrderLine,
} from './core/record.ts'
import type { Topology } from './core/topology.ts'

/** The three ports through which the world enters, and what passes through them. */

/** Microseconds since t0 on the machine's monotonic clock (`process.hrtime`), which all local processes share. */
export type Clock = { readonly t0Ns: bigint; nowUs(): number }

// ── Environment ────────────────────────────────────────────────────────────────────────────────────────────────

/** An app that can be put behind the embedded balancer: the sample shop, or the user's own. */
export type AppSpec = {
  readonly name: string
  /** Program and arguments. `{bundle}` in an argument stands for the bundled `entry`. */
  readonly command: readonly string[]
  /** A TypeScript or JavaScript file bundled once before the start (optional). */
  readonly entry?: string
  /**
   * Set for every instance, beside PORT, HOST, DATABASE_URL, POOL_SIZE, INSTANCE and the topology's settings; with read
   * replicas also SHOP_REPLICA_URLS, their URLs separated by commas, and with a cache REDIS_URL.
   */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Answers 200 once the instance can serve: it is polled after the start. */
  readonly readyPath: string
  readonly metricsPath?: string
  /** Runs once on the empty database before the first instance starts (DATABASE_URL is set). */
  readonly seed?: { readonly command: readonly string[]; readonly entry?: string }
}

export type EnvironmentSpec = {
  readonly topology: Topology
  readonly app: AppSpec
  readonly clock: Clock
  /**
   * The core that the topology's CPU budgets are in, relative to the reference core (`calibrate.ts`): budgets then follow
   * this machine's speed. Absent: a core of this machine, however fast it is at the moment.
   */
  readonly coreSpeed?: number
  /** Faults that will be asked for: what they need in the path must be there from the start. Absent: none. */
  readonly faults?: readonly Fault[]
}

export interface Environment {
  /** Brings the topology up without CPU budgets, seeded and ready. Rejects with an `environment` HarnessError. */
  up(spec: EnvironmentSpec, progress: (text: string) => void, signal: AbortSignal): Promise<Running>
}

export interface Running {
  /** Where shoppers go. */
  readonly url: string
  readonly endpoints: Endpoints
  /** `null`: the system is not ours, and what stands between shoppers and data is not known. */
  readonly topology: Topology | null
  /** What is known of a system that Doorbuster did not start; absent: it did. */
  readonly attached?: AttachedFacts
  readonly isolation: Isolation
  /** Why these fixes cannot be applied here, or `true`. */
  can(fixes: readonly FixStep[]): true | string
  /**
   * Moves from whatever runs now, or is left of it, to today's topology with these fixes. Budgets are off afterwards, and
   * data that is seeded otherwise comes with `restoreData`.
   * Rejects with an `environment` HarnessError when a component does not come up (within `readyWithinMs`, if given);
   * `apply` and `undo` then move on from there.
   */
  apply(fixes: readonly FixStep[], limits?: { readonly readyWithinMs: number }): Promise<void>
  /** Back to today's topology. */
  undo(): Promise<void>
  /**
   * Puts the data back to what it was after seeding: every arm starts from the same data. Resolves with the app servers that
   * did not find the database again by themselves and were started anew.
   */
  restoreData(): Promise<readonly string[]>
  /** CPU budgets on or off; the first `on` finds the means that binds. */
  enforceBudgets(on: boolean): Promise<void>
  /** Runs one statement of ours outside the database's budget; it may write. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** A connection of its own for SQL of the scenario's, one statement at a time, outside the database's budget. */
  connect(limits: { readonly statementTimeoutMs: number }): Promise<DatabaseConnection>
  /**
   * Does this to the running system; resolves once it acts. What the running arm lacks, or this environment cannot do, is
   * not done. Everything still in force is undone by `down` at the latest, however the harness ends. Absent: this
   * environment does no faults.
   */
  inject?(fault: Fault): Promise<Injection>
  /** Called when a component dies without being asked to. */
  onDeath(listener: (death: { readonly component: string; readonly detail: string }) => void): void
  /** Whether no work is left of the load before; asked where no meter can tell. */
  isQuiet?(): Promise<boolean>
  /** A process of ours outside the topology (the engine) that must not outlive the run. */
  adopt(pid: number): Promise<void>
  /** Ends everything and removes every trace. Safe to call twice. */
  down(): Promise<void>
}

/**
 * What comes when a fault is undone. `goes-on`: the system that runs, which must be as it was before. `next-arm`: this one did
 * not stay up, and another is moved to, which starts what does not run. `down`: nothing; only what would outlive a take-down
 * must be mended.
 */
export type Afterwards = 'goes-on' | 'next-arm' | 'down'

/**
 * A fault that was done: `undo` puts the system back as it was, as far as what comes `afterwards` needs it, and resolves when
 * it is. `momentary`: it is over already (a restart). Or why it was not done.
 */
export type Injection =
  | {
      readonly done: true
      readonly momentary: boolean
      readonly undo: (afterwards: Afterwards) => Promise<void>
    }
  | { readonly done: false; readonly because: string }

export type DatabaseConnection = {
  /** Rejects when a statement takes longer than it may. */
  readonly query: Running['query']
  readonly close: () => Promise<void>
}

/** Where probes look. Read afresh at each sample: instances come and go with fixes. */
export type Endpoints = {
  database(): {
    readonly connectionString: string
    readonly exempt: (backendPid: number) => Promise<void>
    /** The server is not ours: only this database is connected to, and no setting is tried. */
    readonly isGuest?: boolean
  } | null
  /** Read replicas of the database, none without. */
  replicas(): readonly {
    readonly component: string
    readonly connectionString: string
    readonly exempt: (backendPid: number) => Promise<void>
    readonly isGuest?: boolean
  }[]
  apps(): readonly { readonly component: string; readonly metricsUrl: string | null }[]
  balancer(): BalancerEndpoint | null
  /** PgBouncer's console. */
  pooler(): { readonly component: string; readonly consoleUrl: string } | null
  /** A Redis. */
  cache(): { readonly component: string; readonly url: string } | null
  /** CPU meter of every component the environment runs, counters since its start. */
  meter(): Promise<readonly MeterReading[]>
  /** Of an attached system: what its user named. */
  readonly outside?: OutsideEndpoints
}

export type OutsideEndpoints = {
  readonly haproxy: string | null
  readonly prometheus: readonly PrometheusSource[]
}

/**
 * The balancer that runs, and where it tells its figures: HAProxy at a socket of the file system, single requests in a ring
 * (`show events`).
 */
export type BalancerEndpoint = { readonly component: string } & (
  | { readonly engine: 'embedded'; readonly statsUrl: string }
  | { readonly engine: 'haproxy-page'; readonly statsUrl: string }
  | { readonly engine: 'haproxy'; readonly statsSocket: string; readonly requestsRing: string }
)

export type MeterReading = {
  readonly component: string
  readonly role: ComponentRole
  readonly atUs: number
  readonly usedUs: number
  /** `usedUs` in time of the core that budgets are in: a slower core works longer for the same. */
  readonly workUs: number
  /** Speed of a core now, relative to the one that budgets are in, in one row of a meter that follows it. */
  readonly coreSpeed?: number
  readonly budgetCores: number | null
  /** Time in which the budget held the component back, and the time it was enforced for. */
  readonly throttledUs: number
  readonly enforcedUs: number
  /** Of a component whose memory is limited, bytes; `kills` since it was first started. */
  readonly memory?: {
    readonly limitBytes: number
    readonly heldBytes: number
    readonly cacheBytes: number
    readonly kills: number
  }
}

// ── Engine ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SlotSink {
  slot(line: Omit<SlotLine, 'kind' | 'segment'>): void
  sendLag(line: Omit<SendLagLine, 'kind' | 'segment'>): void
  series(line: Omit<SeriesLine, 'kind'>): void
  order(line: Omit<OrderLine, 'kind' | 'segment'>): void
  unknownOrder(line: Omit<UnknownOrderLine, 'kind' | 'segment'>): void
}

export interface Engine {
  /** Ready to drive: its process runs and the scenario module is loaded. */
  open(scenarioPath: string, runId: string, clock: Clock): Promise<{ readonly pid: number }>
  /**
   * Drives one plan against `url`. `started` is called with the µs at which second 0 begins, before any measured
   * arrival. Resolves when every session ended (or was cut); rejects with a HarnessError when the engine died.
   * `signal` interrupts it: it rejects. `enough` ends it early: nothing is sent from then on, clicks under way are given
   * up, and it resolves with the end of the part that was driven.
   */
  drive(
    plan: LoadPlan,
    url: string,
    sink: SlotSink,
    started: (startUs: number) => void,
    signal: AbortSignal,
    enough?: AbortSignal,
  ): Promise<EngineEnd>
  close(): Promise<void>
}

// ── Probe ──────────────────────────────────────────────────────────────────────────────────────────────────────

export type Reading = Omit<SeriesLine, 'kind'>

export interface Probe {
  readonly name: string
  /** Time between two calls of `sample`. */
  readonly intervalMs: number
  open(endpoints: Endpoints, clock: Clock): Promise<OpenProbe>
}

export interface OpenProbe {
  /** Never rejects for a component that is slow or gone: it gives what it could read. */
  sample(): Promise<readonly Reading[]>
  close(): Promise<void>
}
