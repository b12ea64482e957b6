import type { SloJudgement } from '../measure/slo.ts'

/**
 * What diagnosis sees: measurements of the windows, boiled down. Gauges are upper quartiles over the windows' seconds,
 * as the limit is where the readings are highest; `null` = not read.
 */
export type Signals = {
  /** Doorbuster did not start the system: layers may be closed to it that it would otherwise read. */
  readonly attached: boolean
  readonly shopper: SloJudgement
  /** Clicks whose page came in time and was not what it had to be (outcome `failed-check`). */
  readonly wrongPages: { readonly ratio: number; readonly clicks: number }
  readonly database: DatabaseSignals | null
  /** Read replicas of the database, furthest behind first. */
  readonly replicas: readonly ReplicaSignals[]
  readonly app: AppSignals | null
  readonly expiries: ExpirySignals | null
  readonly repeats: RepeatSignals | null
  /** The tightest p95 that shoppers are promised; a second where none is. */
  readonly promisedMs: number
  readonly generator: GeneratorSignals | null
  readonly host: { readonly busyRatio: number; readonly cores: number } | null
}

export type CpuSignals = {
  /** Used ÷ budget; without a budget, against what the machine could give. */
  readonly busyRatio: number
  readonly usedCores: number
  readonly budgetCores: number | null
  readonly throttledRatio: number
  /**
   * Absent: read from the machine. Else told by the database's sessions, `usedCores` being those that run or wait for a
   * core, or by how many times as long statements take as in calm times: that is a suspicion.
   */
  readonly from?: { readonly kind: 'sessions' } | { readonly kind: 'stretch'; readonly factor: number }
}

export type DatabaseSignals = {
  readonly component: string
  readonly cpu: CpuSignals | null
  /** Mean sessions; `null`: activity was not sampled. */
  readonly sessions: {
    readonly active: number
    readonly onCpu: number
    readonly lock: number
    /** Waiting for the write-ahead log to be flushed; `null`: what sessions wait for was not recorded. */
    readonly wal: number | null
    readonly idleInTransaction: number
  } | null
  /** Client connections, and how many the server may have at all; `null`: not read. */
  readonly connections: { readonly used: number; readonly max: number } | null
  /** Mean execution time of the statements seen, without the commit that may follow; `null`: none was. */
  readonly execMsMean: number | null
  /** Processes of it that the kernel killed for want of memory; `null`: its memory is not limited. */
  readonly memory: { readonly limitMb: number; readonly heldMb: number; readonly kills: number } | null
  /** Whether every objective still held in the seconds before the first of these was killed; `null`: none was. */
  readonly heldUntilKill: boolean | null
  /** Times that Postgres ended all its sessions because one was killed, and the longest recovery (not told before Postgres 15); `null`: not read. */
  readonly restarts: { readonly n: number; readonly recoveryMs: number | null } | null
  /** Heaviest first, with their share of all execution time seen. */
  readonly statements: readonly StatementSignals[]
  readonly tables: readonly TableSignals[]
  /** The statement most sessions were waiting for a lock in. */
  readonly lockedStatement: string | null
}

export type ReplicaSignals = {
  readonly component: string
  /** Time for which it had not replayed what the primary had written. */
  readonly lagMs: number
  readonly bytesBehind: number
}

export type StatementSignals = {
  readonly label: string
  readonly shareOfTime: number
  readonly rowsPerSec: number
  /** It changes rows: a record of the write-ahead log, or more, for each call; `null`: not read. */
  readonly writes: boolean | null
}

/** Rows read by scanning the whole table, and by index. */
export type TableSignals = {
  readonly table: string
  readonly seqRowsPerSec: number
  readonly rowsPerScan: number
  readonly indexRowsPerSec: number
  /** Row versions that updates leave behind in the table and all its indexes; `null`: those were not counted apart. */
  readonly left: LeftSignals | null
}

export type LeftSignals = {
  readonly perSec: number
  /** Of all rows updated. */
  readonly ratio: number
  /** Rows, and row versions that nobody sees any more, as last read. */
  readonly rows: number
  readonly dead: number
}

export type AppSignals = {
  readonly components: readonly string[]
  readonly cpu: CpuSignals | null
  /**
   * Connections of all instances' pools, and requests waiting for one; `null`: the app gives no such metrics. Where a pooler
   * hands out fewer, and requests wait for those, they are the connections.
   */
  readonly pool: {
    readonly max: number
    readonly waiting: number
    readonly waitMs: number
    /** The pooler in which most of them wait; `null`: they wait in the app. */
    readonly pooler: string | null
    /**
     * Connections in use beyond what requests account for (Little's law: taken a second × time held), nearly all of the
     * time: they were not given back. `null`: not measured.
     */
    readonly kept: number | null
  } | null
  /** Requests a second, of all instances, to which the database gave no connection; `null`: the app does not say. */
  readonly refusedPerSec: number | null
  readonly queryMs: number | null
  /** Query time before the first window; `null`: nothing was read then. */
  readonly calmQueryMs: number | null
  readonly loopBusyRatio: number | null
  readonly loopDelayP99Ms: number | null
}

/** Seconds in which the app's cache lost many pages (dips), and what the database did then and in between. */
export type ExpirySignals = {
  readonly dips: number
  /** Mean time from one dip to the next; `null`: there were not two in a row. */
  readonly everySec: number | null
  readonly regular: boolean
  /** Of the pages asked for, those that were not in the cache: in the worst second, and in a calm one. */
  readonly missRatio: number
  readonly calmMissRatio: number
  /** The statement that dips have most more of; `null`: statements were not read. */
  readonly statement: {
    readonly label: string
    readonly callsPerSec: number
    readonly calmCallsPerSec: number
  } | null
  /** Time for which the worst dip used up the database's whole CPU budget, beyond calm seconds; `null`: not measured. */
  readonly burstMs: number | null
  /** Used ÷ budget of the database between dips; `null`: not measured. */
  readonly calmBusyRatio: number | null
}

/** What the app asks of the database for one page, at the limit and in calm times. */
export type RepeatSignals = {
  /** Times it wanted a connection for each request sent to it (shoppers' reloads are requests of their own). */
  readonly wanted: number
  readonly calmWanted: number
  /** Statements executed for each request it answered; `null`: not read. */
  readonly calls: number | null
  readonly calmCalls: number | null
}

export type GeneratorSignals = {
  readonly component: string
  /** Attempts sent ÷ intended. */
  readonly sentRatio: number
  readonly sendLagP99Ms: number
  /** What the lag is held against: a part of the tightest objective. */
  readonly lagBoundMs: number
  readonly cpuCores: number
  readonly loopDelayP99Ms: number
}
