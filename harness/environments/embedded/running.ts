import { applyFixes, FIXES, type FixStep } from '../../core/fixes/index.ts'
import type { Isolation, IsolationMeans } from '../../core/record.ts'
import type { Endpoints, EnvironmentSpec, MeterReading, Running } from '../../ports.ts'
import { notPossible } from '../not-possible.ts'
import { consoleUrl } from '../pgbouncer-console.ts'
import { databaseUrl, openConnection, SHOP_DATABASE, SUPERUSER, withClient } from '../postgres-connection.ts'
import { whetherItFits } from '../whether-it-fits.ts'
import { canLimitMemory } from './budgets/memory-limits.ts'
import { CACHE } from './cache/redis-process.ts'
import { whetherInstalled } from './check-programs.ts'
import type { FaultProxy } from './faults/fault-proxy.ts'
import { injector } from './faults/injector.ts'
import { POOLER } from './pooler/pgbouncer-process.ts'
import { DATABASE } from './postgres/server.ts'
import { whetherRoomFor } from './run-folder.ts'
import type { Stand } from './stand.ts'
import type { Supervisor } from './supervisor/connect.ts'

/** The running environment as the harness sees it. */
export function runningOf(
  { topology: today, app, clock, coreSpeed }: EnvironmentSpec,
  stand: Stand,
  supervisor: Supervisor,
  proxy: FaultProxy | null = null,
): Running {
  let isolation: Isolation = { means: 'none', bindsWithin: null, periodMs: null }
  let enforced = false
  let down: Promise<void> | null = null
  const leaving = new AbortController()
  const connectionString = databaseUrl({ port: stand.databasePort }, SUPERUSER, SHOP_DATABASE)

  const exempt = async (pid: number): Promise<void> => {
    await supervisor.ask('exempt', { component: DATABASE, pid })
  }
  const enforceBudgets = async (on: boolean): Promise<void> => {
    const found = await supervisor.ask('enforce', { on, coreSpeed: coreSpeed ?? null })
    if (on) isolation = found
    enforced = on
  }
  const moveTo = async (fixes: readonly FixStep[], readyWithinMs?: number): Promise<void> => {
    const allowed = can(today, fixes)
    if (allowed !== true) throw notPossible(fixes, allowed)
    await enforceBudgets(false)
    await stand.moveTo(applyFixes(today, fixes), leaving.signal, readyWithinMs)
  }

  const endpoints: Endpoints = {
    database: () => ({ connectionString, exempt }),
    replicas: () =>
      stand.replicas.map(({ component, port }) => ({
        component,
        connectionString: databaseUrl({ port }, SUPERUSER, SHOP_DATABASE),
        exempt: async (pid) => {
          await supervisor.ask('exempt', { component, pid })
        },
      })),
    apps: () =>
      stand.instances.map(({ component, url }) => ({
        component,
        metricsUrl: app.metricsPath === undefined ? null : `${url}${app.metricsPath}`,
      })),
    balancer: () => stand.balancer?.endpoint ?? null,
    pooler: () =>
      stand.poolerPort === null
        ? null
        : { component: POOLER, consoleUrl: consoleUrl({ port: stand.poolerPort }) },
    cache: () =>
      stand.cachePort === null ? null : { component: CACHE, url: `redis://127.0.0.1:${stand.cachePort}` },
    meter: async () => {
      const { atHrUs, readings } = await supervisor.ask('meter', null)
      const atUs = atHrUs - Number(clock.t0Ns / 1000n)
      return readings.map((row): MeterReading => ({ ...row, atUs }))
    },
  }

  return {
    get url() {
      return stand.url
    },
    get topology() {
      return stand.topology
    },
    get isolation() {
      return isolation
    },
    endpoints,
    can: (fixes) => can(today, fixes),
    apply: (fixes, limits) => moveTo(fixes, limits?.readyWithinMs),
    undo: () => moveTo([]),
    restoreData: async () => {
      const before = enforced
      if (before) await enforceBudgets(false)
      const restarted = await stand.restoreData(exempt, leaving.signal)
      if (before) await enforceBudgets(true)
      return restarted
    },
    enforceBudgets,
    query: (sql, values) => withClient(connectionString, (query) => query(sql, values), exempt),
    connect: ({ statementTimeoutMs }) =>
      openConnection(connectionString, { connected: exempt, statementTimeoutMs, singly: true }),
    inject: injector({
      stand,
      supervisor,
      proxy,
      canSlow: () => canSlow(enforced ? isolation.means : 'none'),
      serverOf: (component) =>
        component === DATABASE
          ? { connectionString, exempt }
          : (endpoints.replicas().find((replica) => replica.component === component) ?? null),
      leaving: leaving.signal,
    }),
    onDeath: (listener) => supervisor.onDeath(listener),
    adopt: async (pid) => {
      await supervisor.ask('adopt', { pid })
    },
    down: () => {
      leaving.abort()
      down ??= supervisor.down()
      return down
    },
  }
}

function canSlow(means: IsolationMeans): true | string {
  if (means === 'none') return 'CPU budgets are not enforced on this machine'
  return (
    means !== 'affinity' || 'CPU budgets are whole cores on this machine: there is no part of one to give'
  )
}

/** `true`, or why today's topology cannot take these fixes on this machine. */
function can(today: EnvironmentSpec['topology'], fixes: readonly FixStep[]): true | string {
  for (const { id } of fixes) {
    const applies = FIXES[id].appliesTo(today)
    if (applies !== true) return applies
  }
  const target = applyFixes(today, fixes)
  const installed = whetherInstalled(target)
  if (installed !== true) return installed
  const room = whetherRoomFor(target.database.replicas - today.database.replicas)
  if (room !== true) return room
  const limitable = target.database.memoryMb === null ? true : canLimitMemory()
  return limitable === true ? whetherItFits(target) : `memory cannot be limited here: ${limitable}`
}
