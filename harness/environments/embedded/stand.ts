import { isDeepStrictEqual } from 'node:util'
import type { DatabaseTopology, Topology } from '../../core/topology.ts'
import { type AppInstance, type PreparedApp, recovered, startInstance } from './app/app-instances.ts'
import { startEmbeddedBalancer } from './balancer-process.ts'
import { startHaproxy } from './haproxy/haproxy-process.ts'
import { databaseUrl, SHOP_DATABASE, SHOP_ROLE } from './postgres/connection.ts'
import { restoreSnapshot } from './postgres/data.ts'
import {
  caughtUp,
  type Replica,
  removeReplica,
  replicaName,
  setApplyDelay,
  startReplica,
} from './postgres/replica.ts'
import { DATABASE, type ServerHome, startServer } from './postgres/server.ts'
import { BALANCER, type RunningBalancer } from './running-balancer.ts'
import type { Supervisor } from './supervisor/connect.ts'

const STOP_GRACE_MS = 1500

/** What stands ready to be started: bundles, cluster, supervisor. */
export type StandParts = {
  readonly supervisor: Supervisor
  readonly app: PreparedApp
  readonly balancerBundle: string
  readonly home: ServerHome
  /** The run's folder. */
  readonly folder: string
}

/** The components that run now, and how to get from them to any topology. */
export class Stand {
  readonly databasePort: number
  readonly #parts: StandParts
  readonly #dead = new Set<number>()
  #topology: Topology
  #databasePid: number
  #replicas: readonly Replica[] = []
  #instances: readonly AppInstance[] = []
  /** URLs of the replicas that the running app servers were started with. */
  #toldReplicas: readonly string[] = []
  #balancer: RunningBalancer | null = null

  constructor(
    parts: StandParts,
    topology: Topology,
    database: { readonly port: number; readonly pid: number },
  ) {
    this.#parts = parts
    this.#topology = {
      ...topology,
      app: { ...topology.app, instances: 0 },
      database: { ...topology.database, replicas: 0 },
    }
    this.databasePort = database.port
    this.#databasePid = database.pid
    this.#watch(DATABASE, database.pid)
  }

  get topology(): Topology {
    return this.#topology
  }
  get instances(): readonly AppInstance[] {
    return this.#instances
  }
  get replicas(): readonly Replica[] {
    return this.#replicas
  }
  get balancer(): RunningBalancer | null {
    return this.#balancer
  }
  get url(): string {
    return this.#balancer ? `http://127.0.0.1:${this.#balancer.port}` : (this.#instances[0]?.url ?? '')
  }

  /** Starts, stops and restarts what differs; whoever still serves does so until its successor is ready. */
  async moveTo(target: Topology, signal: AbortSignal): Promise<void> {
    const before = this.#topology
    const restart = databaseDiffers(before.database, target.database)
    const more = target.database.memoryMb
    // A standby must allow at least as many connections as its primary: it is made anew, which takes as long.
    const surplus = this.#replicas.filter(
      ({ component, pid }) =>
        restart || this.#dead.has(pid) || !isWanted(component, target.database.replicas),
    )
    const kept = this.#replicas.filter((replica) => !surplus.includes(replica))
    if (restart || this.#dead.has(this.#databasePid)) await this.#restartDatabase(target.database, signal)
    else if (more !== null && more !== before.database.memoryMb)
      await this.#parts.supervisor.ask('memory', { component: DATABASE, limitBytes: more * 2 ** 20 })
    // Those that died or cannot stay make room for their successors; others go when no app reads them any more.
    const early = surplus.filter(({ component }) => isWanted(component, target.database.replicas))
    await this.#removeReplicas(early)
    await this.#addReplicas(kept, target.database, signal)
    await this.#moveApp(target, signal)
    await this.#removeReplicas(surplus.filter((replica) => !early.includes(replica)))
    this.#topology = target
    await this.#parts.supervisor.ask('budgets', budgetsOf(target))
  }

  /** Puts the seeded data back; the app's pools have found the new database when it resolves. */
  async restoreData(exempt: (backendPid: number) => Promise<void>): Promise<void> {
    await restoreSnapshot(this.databasePort, exempt)
    await caughtUp(this.databasePort, this.#replicas, this.#topology.database.replicaApplyDelayMs)
    await this.#appsRecovered()
  }

  async #moveApp(target: Topology, signal: AbortSignal): Promise<void> {
    const before = this.#instances.filter(({ pid }) => !this.#dead.has(pid))
    const same = sameApp(this.#topology, target) && isDeepStrictEqual(this.#toldReplicas, this.#replicaUrls())
    const numbers = Array.from({ length: target.app.instances }, (_, index) => index + 1)
    const kept = same
      ? before.filter(({ component }) => numbers.some((number) => component === `app-${number}`))
      : []
    const surplus = before.filter((instance) => !kept.includes(instance))
    // Changed settings: an instance keeps its name, so the old one must go before the new one comes.
    if (!same) await this.#stopAll(surplus)
    const names = new Set(kept.map(({ component }) => component))
    this.#toldReplicas = this.#replicaUrls()
    const added = await Promise.all(
      numbers
        .filter((number) => !names.has(`app-${number}`))
        .map((number) => this.#startInstance(target, number, signal)),
    )
    this.#instances = [...kept, ...added].sort(byName)
    await this.#moveBalancer(target, signal)
    if (same && surplus.length > 0) {
      await this.#balancer?.drained()
      await this.#stopAll(surplus)
    }
  }

  async #moveBalancer(target: Topology, signal: AbortSignal): Promise<void> {
    const { supervisor } = this.#parts
    const running = this.#balancer
    const alive = running !== null && !this.#dead.has(running.pid)
    const wanted = target.balancer.engine !== 'none'
    const { cpu: _before, ...before } = this.#topology.balancer
    const { cpu: _after, ...after } = target.balancer
    if (alive && wanted && isDeepStrictEqual(before, after)) {
      await running.putServers(this.#instances)
      return
    }
    if (alive)
      await supervisor.ask('stop', { component: BALANCER, signal: 'SIGTERM', graceMs: STOP_GRACE_MS })
    this.#balancer = null
    const started = await this.#startBalancer(target, signal, running?.port)
    if (!started) return
    this.#balancer = started
    this.#watch(BALANCER, started.pid)
  }

  async #startBalancer(
    { balancer: topology }: Topology,
    signal: AbortSignal,
    port: number | undefined,
  ): Promise<RunningBalancer | null> {
    const { supervisor, balancerBundle, folder, app } = this.#parts
    const { readyPath } = app.spec
    const start = { supervisor, topology, readyPath, instances: this.#instances, signal, port }
    switch (topology.engine) {
      case 'none':
        return null
      case 'embedded':
        return startEmbeddedBalancer(start, balancerBundle)
      case 'haproxy':
        return startHaproxy(start, folder)
    }
  }

  async #startInstance(target: Topology, number: number, signal: AbortSignal): Promise<AppInstance> {
    const { supervisor, app } = this.#parts
    const databases = {
      primary: databaseUrl(this.databasePort, SHOP_ROLE, SHOP_DATABASE),
      replicas: this.#toldReplicas,
    }
    const instance = await startInstance(supervisor, app, target.app, number, databases, signal)
    this.#watch(instance.component, instance.pid)
    return instance
  }

  async #stopAll(instances: readonly AppInstance[]): Promise<void> {
    const stop = { signal: 'SIGTERM', graceMs: STOP_GRACE_MS } as const
    await Promise.all(
      instances.map(({ component }) => this.#parts.supervisor.ask('stop', { component, ...stop })),
    )
  }

  async #addReplicas(
    kept: readonly Replica[],
    database: DatabaseTopology,
    signal: AbortSignal,
  ): Promise<void> {
    const { supervisor, home } = this.#parts
    if (database.replicaApplyDelayMs !== this.#topology.database.replicaApplyDelayMs)
      for (const replica of kept) await setApplyDelay(replica, database.replicaApplyDelayMs)
    const added: Replica[] = []
    for (let number = 1; number <= database.replicas; number++) {
      if (kept.some(({ component }) => component === replicaName(number))) continue
      const replica = await startReplica(supervisor, home, database, this.databasePort, number, signal)
      added.push(replica)
      this.#watch(replica.component, replica.pid)
    }
    this.#replicas = [...kept, ...added].sort(byName)
    await caughtUp(this.databasePort, added, database.replicaApplyDelayMs)
  }

  async #removeReplicas(surplus: readonly Replica[]): Promise<void> {
    const { supervisor, home } = this.#parts
    for (const replica of surplus)
      await removeReplica(supervisor, home, replica, !this.#dead.has(replica.pid), this.databasePort)
  }

  #replicaUrls(): readonly string[] {
    return this.#replicas.map(({ port }) => databaseUrl(port, SHOP_ROLE, SHOP_DATABASE))
  }

  async #restartDatabase(database: DatabaseTopology, signal: AbortSignal): Promise<void> {
    const { supervisor, home } = this.#parts
    if (!this.#dead.has(this.#databasePid)) {
      await supervisor.ask('stop', { component: DATABASE, signal: 'SIGINT', graceMs: 5000 })
    }
    const { pid } = await startServer(supervisor, home, database, signal, this.databasePort)
    this.#databasePid = pid
    this.#watch(DATABASE, pid)
    await this.#appsRecovered()
  }

  async #appsRecovered(): Promise<void> {
    const alive = this.#instances.filter(({ pid }) => !this.#dead.has(pid))
    await Promise.all(alive.map((instance) => recovered(this.#parts.app.spec, instance)))
  }

  #watch(component: string, pid: number): void {
    void this.#parts.supervisor.ended(component, pid).then(() => this.#dead.add(pid))
  }
}

/** Cores by component name. */
function budgetsOf({ database, app, balancer }: Topology): Record<string, number> {
  const apps = Array.from({ length: app.instances }, (_, index) => [`app-${index + 1}`, app.cpu] as const)
  const replicas = Array.from(
    { length: database.replicas },
    (_, index) => [replicaName(index + 1), database.cpu] as const,
  )
  return {
    [DATABASE]: database.cpu,
    [BALANCER]: balancer.cpu,
    ...Object.fromEntries([...replicas, ...apps]),
  }
}

/**
 * CPU is a budget, changed while it runs, and more memory can be given; anything else of a database server needs a restart.
 */
function databaseDiffers(a: DatabaseTopology, b: DatabaseTopology): boolean {
  const limited = a.memoryMb !== null || b.memoryMb !== null
  const moreMemory = a.memoryMb !== null && b.memoryMb !== null && b.memoryMb >= a.memoryMb
  if (limited && !moreMemory) return true
  return a.maxConnections !== b.maxConnections || !isDeepStrictEqual(a.settings, b.settings)
}

function sameApp({ app: a }: Topology, { app: b }: Topology): boolean {
  return (
    a.poolSize === b.poolSize &&
    isDeepStrictEqual(a.settings, b.settings) &&
    isDeepStrictEqual(a.flaws, b.flaws)
  )
}

function isWanted(component: string, replicas: number): boolean {
  return Array.from({ length: replicas }, (_, index) => replicaName(index + 1)).includes(component)
}

function byName({ component: a }: { component: string }, { component: b }: { component: string }): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
