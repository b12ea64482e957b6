import type { AttachedFacts } from './attached.ts'
import type { FaultEvent } from './faults/fault-event.ts'
import type { FixId, FixStep } from './fixes/index.ts'
import type { LoadPlan, Patience } from './plan.ts'
import type { Slo } from './scenario.ts'
import type { Topology } from './topology.ts'

/**
 * The record: facts only, one JSON object a line, written as they happen; every opinion (validity, incident,
 * diagnosis, capacity, verdicts) is derived from it later by pure functions.
 *
 * Clock: `atUs` and its kin are integer microseconds since t0 on this machine's monotonic clock, which all local
 * processes share. The header holds the wall time of t0.
 */
export const RECORD_SCHEMA = 1

export type RecordLine =
  | HeaderLine
  | ArmLine
  | ArmFailedLine
  | AttachedLine
  | WatchedLine
  | DataLine
  | SegmentLine
  | SlotLine
  | SendLagLine
  | SeriesLine
  | EventLine
  | OrderLine
  | UnknownOrderLine
  | SegmentEndLine
  | InvariantLine
  | InvariantSampleLine
  | EndLine

/** What is behind the numbers: decides how far they may be believed beyond this machine. */
export type Scope = 'sample-shop' | 'own-app' | 'attached'

export type HeaderLine = {
  readonly kind: 'header'
  readonly schema: typeof RECORD_SCHEMA
  readonly run: string
  readonly command: string
  readonly version: string
  /** Wall time of t0, ISO 8601. */
  readonly startedAt: string
  readonly scope: Scope
  readonly scenario: ScenarioFacts
  readonly machine: MachineFacts
  readonly options: {
    readonly quick: boolean
    readonly budgetSec: number
    /** `--env` as it was given; records of 0.1 before November 2026 lack it. */
    readonly env?: string
    readonly set: readonly string[]
    /** `--fix`: only these are tried. Absent: those that are offered. */
    readonly fixes?: readonly FixId[]
    /** Options that say what was attached to, as they were given; absent: nothing. */
    readonly attach?: readonly string[]
  }
}

/** The scenario as plain data: everything analysis needs, nothing that has to be imported again. */
export type ScenarioFacts = {
  readonly name: string
  readonly question: string
  readonly path: string
  readonly hash: string
  readonly seed: number
  readonly curveLabel: string
  /** Of a replay that is compressed (60 = an hour in a minute); absent: real speed. */
  readonly speed?: number
  readonly normalPerSec: number
  readonly peakPerSec: number
  readonly journeys: readonly { readonly name: string; readonly weight: number }[]
  readonly patience: Patience
  readonly slo: Slo
  /** The scenario's own ceiling, shoppers/s: no search goes beyond it. Absent: none was known. */
  readonly maxPerSec?: number
  /** Headroom asked for above the peak, 0.3 = 30 %. */
  readonly keepHeadroom: number
}

export type MachineFacts = {
  readonly cores: number
  readonly memoryMb: number
  readonly node: string
  readonly platform: string
  /** Speed of one core relative to the reference core the demo budgets are written for (1 = as fast). */
  readonly speed: number
}

export type ArmLine = {
  readonly kind: 'arm'
  readonly atUs: number
  /** Position in the run: 0 is today's topology. */
  readonly arm: number
  readonly fixes: readonly FixStep[]
  readonly topology: Topology | null
  readonly isolation: Isolation
  /** Cores of the database in this arm, where its user says so and they cannot be seen. */
  readonly databaseCores?: number
}

/**
 * A topology with fixes that did not come up, or a component of which died under load. The run went on with others.
 * Records before December 2026 have none: such a run ended.
 */
export type ArmFailedLine = {
  readonly kind: 'arm-failed'
  readonly atUs: number
  readonly fixes: readonly FixStep[]
  readonly when: 'standing-up' | 'under-load'
  /** What the environment said: a sentence, then the component's last output. */
  readonly reason: string
}

/** A system that Doorbuster did not start, as far as it is known; only runs of scope 'attached' have one. */
export type AttachedLine = AttachedFacts & { readonly kind: 'attached'; readonly atUs: number }

/** The load that somebody else's program drove while the probes watched. */
export type WatchedLine = {
  readonly kind: 'watched'
  /** Name of the program; its arguments may hold secrets. */
  readonly program: string
  readonly startUs: number
  readonly endUs: number
  /** `null`: it was ended by a signal. */
  readonly exitCode: number | null
}

/** How much data the system was measured on, once it was seeded; records before December 2026 have none. */
export type DataLine = DataFacts & { readonly kind: 'data'; readonly atUs: number }

export type DataFacts = {
  /** The largest tables, largest first. */
  readonly tables: readonly TableSize[]
  /** Of all tables with their indexes. */
  readonly bytes: number
  /** What the database keeps in its own memory (Postgres' shared_buffers). */
  readonly cacheBytes: number
}

export type TableSize = {
  readonly table: string
  /** The database's own estimate; `null`: it has not counted yet. */
  readonly rows: number | null
  /** With its indexes. */
  readonly bytes: number
}

export const ISOLATION_MEANS = [
  'cgroup-v2',
  'cgroup-v1',
  'systemd-scope',
  'duty-cycle',
  'docker',
  'affinity',
  'none',
] as const
export type IsolationMeans = (typeof ISOLATION_MEANS)[number]

/** How CPU budgets are enforced, and how closely a one-second probe saw them bind (0.03 = within 3 %). */
export type Isolation = {
  readonly means: IsolationMeans
  /** `null`: nothing binds, so budgets are not enforced. */
  readonly bindsWithin: number | null
  readonly periodMs: number | null
  /** Means that imitate a smaller server more closely and were not used, in the order they were tried; absent: none. */
  readonly passedOver?: readonly PassedOver[]
}

/** A means that is not here, or that a probe did not show to bind. */
export type PassedOver = { readonly means: IsolationMeans; readonly because: string }

export type SegmentPurpose = 'warm-up' | 'surge' | 'step' | 'recovery'

export type SegmentLine = {
  readonly kind: 'segment'
  readonly segment: number
  readonly arm: number
  readonly purpose: SegmentPurpose
  /** Start of the measured part: second 0 of its slots. */
  readonly startUs: number
  readonly plan: LoadPlan
}

/** Outcomes of a click or of an attempt. `dropped`: our own in-flight cap; `given-up`: the shopper's patience ended. */
export const OUTCOMES = [
  'ok',
  'wrong-status',
  'failed-check',
  'timeout',
  'refused',
  'reset',
  'dns',
  'tls',
  'shed',
  'queued',
  'dropped',
  'given-up',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/**
 * A histogram as written in the record: value µs, count, value µs, count … in ascending order, one pair for each
 * bucket that is not empty (hdr-histogram-js, 2 significant digits, 1 µs to 120 s). Merges without loss. A text is the
 * same, packed (`measure/packed-pairs.ts`).
 */
export type HistogramPairs = readonly number[] | string

/**
 * Counts and times of one route's clicks (or attempts) with one outcome whose intended start fell in one second.
 * Lines for the same key add up: late completions arrive in later lines.
 */
export type SlotLine = {
  readonly kind: 'slot'
  readonly segment: number
  /**
   * Second of intended start, counted from the segment's start. Negative while a step fills up: not measured. Beyond the
   * plan's curve while sessions finish: `clicksIntended` of the segment's end counts those within it.
   */
  readonly sec: number
  readonly of: 'click' | 'attempt'
  /** Method and path template: "GET /categories/:id". */
  readonly route: string
  readonly outcome: Outcome
  /**
   * Attempts only: of an answer that was no 2xx, a redirect that was not followed say. Absent: 2xx, no answer, or a record
   * before December 2026.
   */
  readonly status?: number
  readonly n: number
  /** Response time (done − intended, the SLO's clock) of clicks; service time (done − sent) of attempts. */
  readonly timesUs: HistogramPairs
}

/**
 * How late first attempts were sent whose intended start fell in one second of the measured part: together they are
 * `EngineEnd.sendLagUs`. Lines of one second add up. Records before December 2026 have none.
 */
export type SendLagLine = {
  readonly kind: 'send-lag'
  readonly segment: number
  /** Second of intended start, counted from the segment's start. */
  readonly sec: number
  readonly n: number
  /** Sent − intended. */
  readonly lagUs: HistogramPairs
}

export type ComponentRole =
  | 'database'
  | 'replica'
  | 'app'
  | 'balancer'
  | 'pooler'
  | 'cache'
  | 'generator'
  | 'harness'
  | 'host'

/** One reading of one component. Which `values` a probe gives is listed in READINGS. */
export type SeriesLine = {
  readonly kind: 'series'
  readonly atUs: number
  readonly probe: ProbeName
  readonly role: ComponentRole
  readonly component: string
  readonly values: Readonly<Record<string, number>>
  /** Database only: active sessions of this sample, grouped. `event` null = on CPU or waiting for a core. */
  readonly sessions?: readonly SessionGroup[]
  /** Database only: statements whose counters moved since the previous reading, heaviest first, at most 12. */
  readonly statements?: readonly StatementDelta[]
  /** Database only: tables whose counters moved since the previous reading. */
  readonly tables?: readonly TableDelta[]
  /** Balancer only: one entry a server. */
  readonly servers?: readonly ServerReading[]
}

export type SessionGroup = {
  readonly state: 'active' | 'idle-in-transaction'
  /** Postgres' wait_event_type and wait_event, lower-cased; `null` when not waiting. */
  readonly waitType: string | null
  readonly wait: string | null
  readonly queryId: string | null
  readonly n: number
}

export type StatementDelta = {
  readonly queryId: string
  /** Normalised text, at most 300 characters. */
  readonly query: string
  readonly calls: number
  readonly execMs: number
  readonly rows: number
  readonly blocksHit: number
  readonly blocksRead: number
  /** Records it wrote to the write-ahead log; records of runs before December 2026 lack it. */
  readonly walRecords?: number
}

export type TableDelta = {
  readonly table: string
  readonly seqScans: number
  readonly seqRows: number
  readonly indexScans: number
  readonly indexRows: number
  readonly updated: number
  /** Of those, updates that left the indexes alone (HOT). Records before December 2026 lack this and what follows. */
  readonly hotUpdated?: number
  /** Row versions that nobody sees any more, at the reading. */
  readonly dead?: number
  /** Rows as the server counted them last; absent: never. */
  readonly rows?: number
}

export type ServerReading = {
  readonly server: string
  readonly inFlight: number
  readonly queued: number
  readonly requests: number
  readonly errors: number
  readonly responseMsMean: number
  /** Of the answers since the previous reading; absent: there were none, or the record is older than this. */
  readonly responseMsP50?: number
  readonly responseMsP95?: number
  readonly responseMsP99?: number
}

/**
 * What each probe reads. Gauges are values at `atUs`; rates are over the time since the probe's previous reading.
 * - cpu:        usedCores, budgetCores (absent: none), busyRatio (used ÷ budget), throttledRatio (of the time or periods)
 * - database:   sessionsActive, sessionsOnCpu, sessionsLock, sessionsLwLock, sessionsIo, sessionsIdleInTransaction
 *               (each averaged over the samples since the previous reading), connections, connectionsMax (for roles
 *               without a privilege), commitsPerSec, rollbacksPerSec, rowsReturnedPerSec, rowsFetchedPerSec,
 *               blocksHitPerSec, blocksReadPerSec, activeSessionsByTime (active_time ÷ elapsed), deadlocks, restarts (1: all sessions were ended
 *               since the previous reading, as one was killed), recoveryMs (of such a restart: from its begin until
 *               connections were taken again; since Postgres 15)
 * - memory:     of a component with a limit: limitMb, heldMb (its processes' own and shared memory), cacheMb (copies of files,
 *               given up when memory is short), kills (processes the kernel killed for want of memory since the previous
 *               reading); MiB
 * - replica:    streaming (1: the primary sends to it; not of replicas that are not ours), replayLagMs (time for which it
 *               has not replayed what the primary has written), bytesBehind, sessionsActive, connections (of clients at
 *               the replica)
 * - app:        poolMax, poolTotal, poolIdle, poolWaiting, poolWaitMsMean, poolAcquiresPerSec, queryMsMean, queriesPerSec,
 *               poolHeldMsMean, loopDelayP99Ms, loopBusyRatio, requestsPerSec, poolTimeoutsPerSec,
 *               connectionsRefusedPerSec (requests to which the database gave no connection: it has too many),
 *               and of the pages asked for at its cache cacheHitsPerSec, cacheMissesPerSec, cacheSharedPerSec (waited for
 *               another request's)
 * - balancer:   inFlight, queued, requestsPerSec, errorsPerSec, serviceMsMean, upstreamMsMean
 * - pooler:     clientsActive, clientsWaiting, clientsWaitingMean (over the time since the previous reading: a pooler whose
 *               budget or database stands still for moments is asked when it goes on, with a queue that is gone at once),
 *               serversActive, serversIdle, longestWaitMs, queriesPerSec, waitMsMean
 * - redis:      clients, clientsBlocked, memoryMb, commandsPerSec, hitsPerSec, missesPerSec, evictedPerSec, cpuCores
 * - generator:  intended, sent, completed (counts since the previous reading), inFlight, sendLagP50Ms, sendLagP99Ms,
 *               cpuCores, loopDelayP99Ms, sessions
 * - host:       busyCores, ourCores, othersCores, stealCores, cores, coreSpeed (of the core that budgets are in; absent: not
 *               followed). usedCores of cpu are in those cores, the others in real ones.
 */
export const READINGS = [
  'cpu',
  'database',
  'memory',
  'replica',
  'app',
  'balancer',
  'pooler',
  'redis',
  'generator',
  'host',
] as const
export type ProbeName = (typeof READINGS)[number]

export type EventLine = {
  readonly kind: 'event'
  readonly atUs: number
  readonly name:
    | 'phase'
    | 'component-died'
    | 'component-restarted'
    | 'arm-switched'
    | 'segment-voided'
    | 'segment-ended-early'
    | 'fault'
    | 'interrupted'
    | 'note'
  readonly detail: string
  /** Of an event `fault` only. */
  readonly fault?: FaultEvent
}

/** One order the shop acknowledged. */
export type OrderLine = {
  readonly kind: 'order'
  readonly segment: number
  readonly atUs: number
  readonly id: string
  readonly value: number
  readonly currency: string
}

/**
 * A POST with an idempotency key of which nobody knows what became of it (timeout, connection broken, given up, a server
 * error that is no refusal), in a click that did not end well: neither a success nor a failure. It is looked up by its
 * key. At most the first 10,000 of a drive.
 */
export type UnknownOrderLine = {
  readonly kind: 'unknown-order'
  readonly segment: number
  /** When the click was over. */
  readonly atUs: number
  readonly key: string
  readonly route: string
}

export type SegmentEndLine = {
  readonly kind: 'segment-end'
  readonly segment: number
  readonly atUs: number
  /** Why it ended before its plan did; `null` when it ran to its end. */
  readonly aborted: string | null
  /** A rule of the scenario's `abortWhen` (the shop broke it), or one of our own ceilings. Absent: neither. */
  readonly abortedBy?: 'rule' | 'ceiling'
  readonly engine: EngineEnd
}

/** What the engine says of itself at the end of a plan; all counts are of the measured part. */
export type EngineEnd = {
  /** Of the measured part: the plan's, or less when it was ended early. */
  readonly durationSec: number
  /** What ended it before its plan did: it was asked to, or had sent as many requests as it may. Absent: nothing. */
  readonly endedEarly?: 'asked' | 'max-requests'
  /** Shoppers who were to arrive, and did. */
  readonly sessionsIntended: number
  readonly sessionsStarted: number
  /** Clicks and attempts whose intended start fell into the measured part. */
  readonly clicksIntended: number
  readonly clicksDone: number
  readonly attemptsSent: number
  /** Attempt sent − intended, of first attempts. */
  readonly sendLagUs: HistogramPairs
  /** Index of dispersion of the arrival counts in windows of 0.1 s, actual against planned (1 = as planned for Poisson). */
  readonly arrivalsPlanned: readonly number[]
  readonly arrivalsActual: readonly number[]
  readonly cpuCores: number
  readonly loopDelayP99Ms: number
  /** Time integral of clicks in flight ÷ duration, for Little's law. */
  readonly inFlightMean: number
  /** Attempts that ran into a time limit, by what they waited for; records before December 2026 lack it. */
  readonly timeouts?: Readonly<Record<'connect' | 'headers' | 'body', number>>
  /** What journeys found wrong with pages that came in time (outcome `failed-check`), by reason; absent: nothing. */
  readonly checkFailures?: Readonly<Record<string, number>>
}

export type InvariantLine = {
  readonly kind: 'invariant'
  readonly atUs: number
  readonly arm: number
  readonly name: string
  readonly held: boolean
  readonly detail: string
}

/**
 * The invariants that must hold at any moment, each asked in one statement during a surge. Records before December 2026
 * have none.
 */
export type InvariantSampleLine = {
  readonly kind: 'invariant-sample'
  /** When the first was asked. */
  readonly atUs: number
  readonly arm: number
  /** Time of its statements, answered or not: more CPU than this they cannot have taken. */
  readonly tookUs: number
  /** Names of those that held. */
  readonly held: readonly string[]
  readonly broken: readonly { readonly name: string; readonly detail: string }[]
  /** Those that were not answered in time, or not at all: neither held nor broken. */
  readonly missed: readonly string[]
}

export type EndLine = {
  readonly kind: 'end'
  readonly atUs: number
  readonly exitCode: number
  readonly reason: string
}
