import { mean, quantile } from 'simple-statistics'
import { judgeSlo, tightestP95Ms } from '../measure/slo.ts'
import { tallyClicks } from '../measure/tally-clicks.ts'
import type { ComponentRole, ProbeName, SeriesLine, SlotLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import { readDatabase } from './read-database.ts'
import { readExpiries } from './read-expiries.ts'
import { readRepeats } from './read-repeats.ts'
import type {
  AppSignals,
  CpuSignals,
  DatabaseSignals,
  GeneratorSignals,
  ReplicaSignals,
  Signals,
} from './signals.ts'
import { unseenCpu } from './unseen-cpu.ts'
import type { DiagnosisWindow } from './windows.ts'

/** A reading tells of the second before it, so it belongs to the window that holds the middle of that second. */
const HALF_READING_US = 500_000
/** Lag that matters: a tenth of the tightest objective, and never below what timers on a busy machine are late anyway. */
const LAG_SHARE = 0.1
const LAG_LEAST_MS = 20
/** Long enough for a hundred clicks, short enough to be at the load of the kill. */
const BEFORE_KILL_SEC = 5
/** What shoppers wait without losing the thread, where no p95 is promised. */
const UNPROMISED_MS = 1000
/** Less than one client waiting half the time is none to speak of. */
const A_QUEUE = 0.5

/** Boils the readings and clicks of the windows down to what the bottleneck rules look at. */
export function readSignals(run: RunData, windows: readonly DiagnosisWindow[]): Signals {
  const within = (us: number) => windows.some(({ fromUs, toUs }) => us >= fromUs && us < toUs)
  const readings = run.series.filter(({ atUs }) => within(atUs - HALF_READING_US))
  const firstUs = Math.min(...windows.map(({ fromUs }) => fromUs))
  const clicks = run.segments.flatMap(({ line, slots }) =>
    slots.filter(({ of, sec }) => of === 'click' && sec >= 0 && within(line.startUs + (sec + 0.5) * 1e6)),
  )
  const host = readHost(readings)
  const before = run.series.filter(({ atUs, probe }) => probe === 'app' && atUs < firstUs)
  const database = readDatabase(
    readings,
    readCpu(readings, 'database', host),
    seconds(windows),
    heldUntilKill(run, readings),
  )
  return {
    attached: run.attached !== null,
    shopper: judgeSlo(tallyClicks(clicks), run.header.scenario.slo),
    wrongPages: readWrongPages(clicks),
    database:
      database && run.attached && database.cpu === null ? unseen(database, run, readings, firstUs) : database,
    replicas: readReplicas(readings),
    app: readApp(readings, before, host),
    expiries: readExpiries(run, windows),
    repeats: readRepeats(run, windows),
    promisedMs: tightestP95Ms(run.header.scenario.slo) ?? UNPROMISED_MS,
    generator: readGenerator(readings, run),
    host,
  }
}

function readWrongPages(clicks: readonly SlotLine[]): Signals['wrongPages'] {
  const all = sum(clicks.map(({ n }) => n))
  const wrong = sum(clicks.map(({ outcome, n }) => (outcome === 'failed-check' ? n : 0)))
  return { ratio: all > 0 ? wrong / all : 0, clicks: wrong }
}

/**
 * Judges the clicks of the last seconds before the kernel first killed a process of the database. Those of the second of
 * the reading and of the one before may have been under way then.
 */
function heldUntilKill(run: RunData, readings: readonly SeriesLine[]): boolean | null {
  const kill = readings.find(
    ({ probe, role, values }) => probe === 'memory' && role === 'database' && (values['kills'] ?? 0) > 0,
  )
  if (!kill) return null
  const segment = run.segments.findLast(({ line }) => line.startUs <= kill.atUs)
  if (!segment) return null
  const killSec = Math.floor((kill.atUs - segment.line.startUs) / 1e6)
  const before = segment.slots.filter(
    ({ of, sec }) => of === 'click' && sec >= killSec - 1 - BEFORE_KILL_SEC && sec < killSec - 1,
  )
  return judgeSlo(tallyClicks(before), run.header.scenario.slo).held
}

function readReplicas(readings: readonly SeriesLine[]): readonly ReplicaSignals[] {
  return byComponent(readings, 'replica', 'replica')
    .map(([component, lines]) => ({
      component,
      lagMs: upperQuartile(lines, 'replayLagMs') ?? 0,
      bytesBehind: upperQuartile(lines, 'bytesBehind') ?? 0,
    }))
    .sort((a, b) => b.lagMs - a.lagMs)
}

/** A database whose machine cannot be read, with what its sessions tell of its CPU. */
function unseen(
  database: DatabaseSignals,
  run: RunData,
  readings: readonly SeriesLine[],
  firstUs: number,
): DatabaseSignals {
  const before = run.series.filter(({ probe, atUs }) => probe === 'database' && atUs < firstUs)
  // A lever may have given it more cores than it has today.
  const arm = run.segments.findLast(({ line }) => line.startUs <= firstUs)?.line.arm
  const cores =
    run.arms.find((line) => line.arm === arm)?.databaseCores ?? run.attached?.databaseCores ?? null
  return { ...database, cpu: unseenCpu(database.sessions, cores, readings, before) }
}

function readHost(readings: readonly SeriesLine[]): Signals['host'] {
  const values = byComponent(readings, 'host', 'host').flatMap(([, lines]) =>
    lines.map(({ values }) => values),
  )
  const busy = values.flatMap(({ busyCores, cores }) => (busyCores && cores ? [busyCores / cores] : []))
  const cores = values[0]?.['cores']
  return busy.length > 0 && cores ? { busyRatio: quantile(busy, 0.75), cores } : null
}

/** CPU of all components of a role: ratios averaged, cores added up. */
function readCpu(
  readings: readonly SeriesLine[],
  role: ComponentRole,
  host: Signals['host'],
): CpuSignals | null {
  const components = byComponent(readings, 'cpu', role).map(([, lines]) => lines)
  if (components.length === 0) return null
  const gauge = (name: string) => components.flatMap((lines) => upperQuartile(lines, name) ?? [])
  const usedCores = sum(gauge('usedCores'))
  const budgets = gauge('budgetCores')
  const busy = gauge('busyRatio')
  const throttled = gauge('throttledRatio')
  // Without a budget the machine is the limit; an app's event loop can use one core of it.
  const against = role === 'app' ? components.length : (host?.cores ?? 1)
  const unbudgeted = Math.max(usedCores / against, role === 'database' ? starved(usedCores, host) : 0)
  return {
    // A budget that binds is used up at most: what a reading finds beyond it is the reading's error.
    busyRatio: busy.length > 0 ? Math.min(1, mean(busy)) : unbudgeted,
    usedCores,
    budgetCores: budgets.length > 0 ? sum(budgets) : null,
    throttledRatio: throttled.length > 0 ? mean(throttled) : 0,
  }
}

/** A machine with no core to spare holds back whoever uses most of it. */
function starved(usedCores: number, host: Signals['host']): number {
  if (!host || host.busyRatio < 0.95) return 0
  return usedCores >= 0.4 * host.busyRatio * host.cores ? host.busyRatio : 0
}

function readApp(
  readings: readonly SeriesLine[],
  before: readonly SeriesLine[],
  host: Signals['host'],
): AppSignals | null {
  const cpu = readCpu(readings, 'app', host)
  const instances = byComponent(readings, 'app', 'app')
  const pooler = readPooler(readings)
  const apps = [...new Set([...byComponent(readings, 'cpu', 'app'), ...instances].map(([name]) => name))]
  // Of an app that says nothing of itself its pooler may.
  const names = apps.length === 0 && pooler ? [pooler.component] : apps
  if (names.length === 0) return null
  const gauge = (name: string) => instances.flatMap(([, lines]) => upperQuartile(lines, name) ?? [])
  const calm = before.flatMap(({ values }) => values['queryMsMean'] || [])
  const max = gauge('poolMax')
  const refused = gauge('connectionsRefusedPerSec')
  return {
    components: names,
    cpu,
    pool: throughPooler(
      max.length > 0
        ? {
            max: sum(max),
            waiting: sum(gauge('poolWaiting')),
            waitMs: highest(gauge('poolWaitMsMean')) ?? 0,
            pooler: null,
            // A pool counts connections from when it asks for them: one that is refused was never in use.
            kept: sum(refused) > 0 ? null : kept(instances.map(([, lines]) => lines)),
          }
        : null,
      pooler,
    ),
    refusedPerSec: refused.length > 0 ? sum(refused) : null,
    queryMs: highest(gauge('queryMsMean')),
    // The lower quartile: some of that time another load may have been at its limit.
    calmQueryMs: calm.length > 0 ? quantile(calm, 0.25) : null,
    loopBusyRatio: highest(gauge('loopBusyRatio')),
    loopDelayP99Ms: highest(gauge('loopDelayP99Ms')),
  }
}

type Pool = AppSignals['pool']
type Pooler = {
  readonly component: string
  readonly servers: number
  readonly waiting: number
  readonly waitMs: number
}

/** The pooler in which most requests wait; `null`: none was read. */
function readPooler(readings: readonly SeriesLine[]): Pooler | null {
  const poolers = byComponent(readings, 'pooler', 'pooler').map(([component, lines]): Pooler => {
    const gauge = (name: string) => upperQuartile(lines, name) ?? 0
    const all = lines.map(({ values }) => (values['serversActive'] ?? 0) + (values['serversIdle'] ?? 0))
    return {
      component,
      servers: quantile(all, 0.75),
      waiting: gauge('clientsWaitingMean'),
      waitMs: gauge('waitMsMean'),
    }
  })
  return poolers.sort((a, b) => b.waiting - a.waiting)[0] ?? null
}

/** Whoever waits in the pooler waits for one of its connections, whatever the app believes to have in use. */
function throughPooler(pool: Pool, pooler: Pooler | null): Pool {
  if (!pooler || (pool && pooler.waiting < A_QUEUE)) return pool
  const { component, servers, waiting, waitMs } = pooler
  return {
    max: Math.min(pool?.max ?? Number.POSITIVE_INFINITY, servers),
    waiting: waiting + (pool?.waiting ?? 0),
    waitMs: Math.max(waitMs, pool?.waitMs ?? 0),
    pooler: waiting >= (pool?.waiting ?? 0) ? component : null,
    // The app's connections are in use while they wait there: which were not given back cannot be told.
    kept: null,
  }
}

/** Of each instance the lower quartile: a request that holds its connection long is counted only when it gives it back. */
function kept(instances: readonly (readonly SeriesLine[])[]): number | null {
  const each = instances.map((lines) => {
    const beyond = lines.flatMap(({ values }) => {
      const { poolTotal, poolIdle, poolAcquiresPerSec, poolHeldMsMean = 0 } = values
      if (poolTotal === undefined || poolIdle === undefined || poolAcquiresPerSec === undefined) return []
      return [Math.max(0, poolTotal - poolIdle - (poolAcquiresPerSec * poolHeldMsMean) / 1000)]
    })
    return beyond.length > 0 ? quantile(beyond, 0.25) : null
  })
  const measured = each.filter((one) => one !== null)
  return measured.length > 0 ? sum(measured) : null
}

function readGenerator(readings: readonly SeriesLine[], run: RunData): GeneratorSignals | null {
  const processes = byComponent(readings, 'generator', 'generator')
  if (processes.length === 0) return null
  const lines = processes.flatMap(([, own]) => own)
  const total = (name: string) => sum(lines.map(({ values }) => values[name] ?? 0))
  const worst = (name: string) => highest(processes.flatMap(([, own]) => upperQuartile(own, name) ?? [])) ?? 0
  const tightest = tightestP95Ms(run.header.scenario.slo)
  return {
    component: processes[0]![0],
    sentRatio: total('intended') > 0 ? total('sent') / total('intended') : 1,
    sendLagP99Ms: worst('sendLagP99Ms'),
    lagBoundMs: Math.max(LAG_LEAST_MS, tightest === null ? 0 : LAG_SHARE * tightest),
    cpuCores: worst('cpuCores'),
    loopDelayP99Ms: worst('loopDelayP99Ms'),
  }
}

// ── readings ───────────────────────────────────────────────────────────────────────────────────────────────────

function byComponent(
  readings: readonly SeriesLine[],
  probe: ProbeName,
  role: ComponentRole,
): readonly (readonly [component: string, lines: readonly SeriesLine[]])[] {
  const lines = new Map<string, SeriesLine[]>()
  for (const reading of readings) {
    if (reading.probe !== probe || reading.role !== role) continue
    const list = lines.get(reading.component)
    if (list) list.push(reading)
    else lines.set(reading.component, [reading])
  }
  return [...lines]
}

function upperQuartile(lines: readonly SeriesLine[], name: string): number | null {
  const values = lines.flatMap(({ values }) => (values[name] === undefined ? [] : [values[name]]))
  return values.length > 0 ? quantile(values, 0.75) : null
}

function seconds(windows: readonly DiagnosisWindow[]): number {
  return Math.max(1, sum(windows.map(({ fromUs, toUs }) => (toUs - fromUs) / 1e6)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function highest(values: readonly number[]): number | null {
  return values.length > 0 ? Math.max(...values) : null
}
