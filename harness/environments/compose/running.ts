import { applyFixes, FIXES, type FixStep } from '../../core/fixes/index.ts'
import type { Topology } from '../../core/topology.ts'
import type { Endpoints, EnvironmentSpec, Running } from '../../ports.ts'
import { notPossible } from '../not-possible.ts'
import { consoleUrl } from '../pgbouncer-console.ts'
import {
  type DatabaseServer,
  databaseUrl,
  openConnection,
  SHOP_DATABASE,
  SUPERUSER,
  withClient,
} from '../postgres-connection.ts'
import { whetherItFits } from '../whether-it-fits.ts'
import { balancerEndpoint, withHaproxy } from './balancer-config.ts'
import type { ComposeBudgets } from './budgets/budgets.ts'
import { componentOf } from './containers.ts'
import type { DockerEngine } from './docker/engine.ts'
import { lastWords } from './last-words.ts'
import type { Project } from './project.ts'
import type { ComposeStand } from './stand.ts'

/** Sessions of the harness are inside the database's budget here: the engine numbers processes its own way. */
const exempt = async (): Promise<void> => {}

export type RunningParts = {
  readonly engine: DockerEngine
  readonly project: Project
  readonly stand: ComposeStand
  readonly budgets: ComposeBudgets
  readonly database: DatabaseServer
  readonly balancerFolder: string
  /** Ends everything; safe to call twice. */
  readonly down: () => Promise<void>
}

/** The running project as the harness sees it. */
export function runningOf(
  { topology: today, app }: EnvironmentSpec,
  { engine, project, stand, budgets, database, balancerFolder, down }: RunningParts,
): Running {
  const leaving = new AbortController()
  const connectionString = databaseUrl(database, SUPERUSER, SHOP_DATABASE)

  const moveTo = async (fixes: readonly FixStep[], readyWithinMs?: number): Promise<void> => {
    const allowed = can(today, fixes)
    if (allowed !== true) throw notPossible(fixes, allowed)
    await budgets.enforce(false)
    const target = withHaproxy(applyFixes(today, fixes))
    await stand.moveTo(target, leaving.signal, readyWithinMs)
    budgets.put(stand.containers, target)
  }

  const endpoints: Endpoints = {
    database: () => ({ connectionString, exempt }),
    replicas: () =>
      stand.replicas.map(({ component, server }) => ({
        component,
        connectionString: databaseUrl(server, SUPERUSER, SHOP_DATABASE),
        exempt,
      })),
    pooler: () => (stand.pooler ? { component: 'pooler', consoleUrl: consoleUrl(stand.pooler) } : null),
    cache: () =>
      stand.cachePort === null ? null : { component: 'redis', url: `redis://127.0.0.1:${stand.cachePort}` },
    apps: () =>
      stand.apps.map(({ component, port }) => ({
        component,
        metricsUrl: app.metricsPath === undefined ? null : `http://127.0.0.1:${port}${app.metricsPath}`,
      })),
    balancer: () => (stand.hasBalancer ? balancerEndpoint(balancerFolder) : null),
    meter: () => budgets.meter(),
  }

  return {
    get url() {
      return stand.url
    },
    get topology() {
      return stand.topology
    },
    get isolation() {
      return budgets.isolation
    },
    endpoints,
    can: (fixes) => can(today, fixes),
    apply: (fixes, limits) => moveTo(fixes, limits?.readyWithinMs),
    undo: () => moveTo([]),
    restoreData: async () => {
      const before = budgets.enforced
      if (before) await budgets.enforce(false)
      const restarted = await stand.restoreData(leaving.signal)
      if (restarted.length > 0) budgets.put(stand.containers, stand.topology)
      if (before) await budgets.enforce(true)
      return restarted
    },
    enforceBudgets: (on) => budgets.enforce(on),
    query: (sql, values) => withClient(connectionString, (query) => query(sql, values)),
    connect: ({ statementTimeoutMs }) =>
      openConnection(connectionString, { statementTimeoutMs, singly: true }),
    onDeath: (listener) => watchDeaths({ engine, project, stand }, listener, leaving.signal),
    // It ends by itself when the harness does; here it is only counted as ours.
    adopt: async (pid) => budgets.adopt(pid),
    down: () => {
      leaving.abort()
      return down()
    },
  }
}

type Death = { readonly component: string; readonly detail: string }
type DieEvent = {
  readonly id: string
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

/** Tells of containers that end while nobody moves them about, and of an engine that goes away. */
function watchDeaths(
  { engine, project, stand }: Pick<RunningParts, 'engine' | 'project' | 'stand'>,
  listener: (death: Death) => void,
  signal: AbortSignal,
): void {
  const label = [`com.docker.compose.project=${project.name}`]
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['die'], label }))
  const onLine = (line: string): void => {
    const { id, Actor } = JSON.parse(line) as DieEvent
    const component = componentOf(Actor.Attributes)
    if (!component || stand.moving || signal.aborted) return
    if (!stand.containers.some((container) => container.id === id)) return
    void lastWords(engine, id).then((detail) => {
      if (!signal.aborted) listener({ component: component.component, detail })
    })
  }
  void engine.follow(`/events?filters=${filters}`, onLine, signal).then(() => {
    if (!signal.aborted) listener({ component: 'docker', detail: 'its engine went away' })
  })
}

/** `true`, or why today's topology cannot take these fixes on this machine. */
function can(today: Topology, fixes: readonly FixStep[]): true | string {
  for (const { id } of fixes) {
    const applies = FIXES[id].appliesTo(today)
    if (applies !== true) return applies
  }
  const target = applyFixes(today, fixes)
  return whetherItFits(target)
}
