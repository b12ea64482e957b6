import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { HarnessError } from '../../core/errors.ts'
import type {
  AppTopology,
  CacheTopology,
  DatabaseTopology,
  PoolerTopology,
  Topology,
} from '../../core/topology.ts'
import type { Backing } from '../app-variables.ts'
import { emptyCache } from '../empty-cache.ts'
import { withoutPooled } from '../pgbouncer-console.ts'
import { databaseUrl, SHOP_DATABASE, SHOP_ROLE } from '../postgres-connection.ts'
import { SeededCopies } from '../seeded-copies.ts'
import { caughtUp, type Standby, setApplyDelay } from '../standby.ts'
import {
  type AppInstance,
  type PreparedApp,
  recovered,
  seedData,
  startInstance,
} from './app/app-instances.ts'
import { startEmbeddedBalancer } from './balancer-process.ts'
import { CACHE, startRedis } from './cache/redis-process.ts'
import { startHaproxy } from './haproxy/haproxy-process.ts'
import { POOLER, startPgbouncer } from './pooler/pgbouncer-process.ts'
import { type Replica, removeReplica, replicaName, restartReplica, startReplica } from './postgres/replica.ts'
import { DATABASE, type ServerHome, startServer } from './postgres/server.ts'
import { BALANCER, type RunningBalancer } from './running-balancer.ts'
import { SideComponent } from './side-component.ts'
import type { Supervisor } from './supervisor/connect.ts'

const STOP_GRACE_MS = 1500
const DATABASE_STOP_GRACE_MS = 5000
const REVIVE_POLL_MS = 25

/** What stands ready to be started: bundles, cluster, supervisor. */
export type StandParts = {
  readonly supervisor: Supervisor
  readonly app: PreparedApp
  readonly balancerBundle: string
  readonly home: ServerHome
  /** The run's folder. */
  readonly folder: string
  /** Where the app finds its database when something stands between them; absent: at the database itself. */
  readonly appDatabasePort?: number
}

/** The components that run now, and how to get from them to any topology. */
export class Stand {
  readonly databasePort: number
  readonly #parts: StandParts
  readonly #dead = new Set<number>()
  readonly #seeded: SeededCopies
  #topology: Topology
  #databasePid: number
  /** It died without being asked to, and no fault brings it back. */
  #databaseLost = false
  #replicas: readonly Replica[] = []
  #instances: readonly AppInstance[] = []
  /** What the running app servers were told of when they were started. */
  #told: Backing | null = null
  readonly #pooler: SideComponent<PoolerTopology>
  readonly #cache: SideComponent<CacheTopology>
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
      pooler: { ...topology.pooler, kind: 'none' },
      database: { ...topology.database, replicas: 0 },
      cache: { ...topology.cache, kind: 'none' },
    }
    const { supervisor, home, appDatabasePort = database.port } = parts
    this.#pooler = new SideComponent(POOLER, supervisor, (wanted, signal, port) =>
      startPgbouncer(supervisor, home, wanted, appDatabasePort, signal, port),
    )
    this.#cache = new SideComponent(CACHE, supervisor, (wanted, signal, port) =>
      startRedis(supervisor, home, wanted, signal, port),
    )
    this.databasePort = database.port
    this.#seeded = new SeededCopies({ port: database.port }, topology.app.flaws)
    this.#databasePid = database.pid
    this.#watch(DATABASE, database.pid)
    parts.supervisor.onDeath(({ component }) => {
      if (component === DATABASE) this.#databaseLost = true
    })
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
  /** The root process of a replica that runs; `null`: it does not. */
  replicaPid(component: string): number | null {
    const replica = this.#replicas.find((one) => one.component === component)
    return replica && !this.#dead.has(replica.pid) ? replica.pid : null
  }
  /** Port of the pooler, and of the cache; `null`: the topology has none. */
  get poolerPort(): number | null {
    return this.#pooler.port
  }
  get cachePort(): number | null {
    return this.#cache.port
  }
  get url(): string {
    return this.#balancer ? `http://127.0.0.1:${this.#balancer.port}` : (this.#instances[0]?.url ?? '')
  }

  /**
   * Starts, stops and restarts what differs; whoever still serves does so until its successor is ready. When it rejects,
   * what did come up is known, and the next move starts from there.
   */
  async moveTo(target: Topology, signal: AbortSignal, readyWithinMs?: number): Promise<void> {
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
    const { replicaApplyDelayMs } = before.database
    this.#topology = { ...before, database: { ...target.database, replicaApplyDelayMs } }
    // Those that died or cannot stay make room for their successors; others go when no app reads them any more.
    const early = surplus.filter(({ component }) => isWanted(component, target.database.replicas))
    await this.#removeReplicas(early)
    await this.#addReplicas(kept, target.database, signal)
    const broken = await this.#pooler.moveTo(target.pooler, signal)
    await this.#cache.moveTo(target.cache, signal)
    this.#topology = { ...before, database: target.database }
    await this.#moveApp(target, signal, readyWithinMs)
    if (broken) await this.#appsRecovered()
    await this.#pooler.removeUnless(target.pooler)
    await this.#cache.removeUnless(target.cache)
    await this.#removeReplicas(surplus.filter((replica) => !early.includes(replica)))
    this.#topology = target
    await this.#parts.supervisor.ask('budgets', budgetsOf(target))
  }

  /** Puts the seeded data back, with an empty cache; the app's pools have found the new database when it resolves. */
  async restoreData(
    exempt: (backendPid: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const restore = () => this.#seeded.restore(exempt)
    await (this.#pooler.isAlive ? withoutPooled({ port: this.#pooler.port! }, restore) : restore())
    if (this.#cache.isAlive) await emptyCache(this.#cache.port!)
    await caughtUp(
      { port: this.databasePort },
      this.#replicas.map(standbyOf),
      this.#topology.database.replicaApplyDelayMs,
    )
    const lost = await this.#lostApps()
    for (const component of lost) {
      await this.stop(component)
      await this.revive(component, signal)
    }
    return lost
  }

  /** Whether `revive` can start this component again; others come back with the next move. */
  canRevive(component: string): boolean {
    return (
      component === DATABASE ||
      (component === BALANCER && this.#balancer !== null) ||
      (component === POOLER && this.#pooler.port !== null) ||
      (component === CACHE && this.#cache.port !== null) ||
      this.#replicas.some((replica) => replica.component === component) ||
      this.#instances.some((instance) => instance.component === component)
    )
  }

  /** Stops a component in order, to be revived. */
  async stop(component: string): Promise<void> {
    const how =
      component === DATABASE || this.#replicas.some((replica) => replica.component === component)
        ? ({ signal: 'SIGINT', graceMs: DATABASE_STOP_GRACE_MS } as const)
        : ({ signal: 'SIGTERM', graceMs: STOP_GRACE_MS } as const)
    await this.#parts.supervisor.ask('stop', { component, ...how })
  }

  /**
   * Starts a component that has ended again, at its old address and in the topology that runs; one that still runs is left
   * alone. Whether the others have found it by then is not waited for. An app server waits for a database to run.
   * @throws HarnessError `environment` when it does not come up, or waits for a database that nobody starts again.
   */
  async revive(component: string, signal: AbortSignal): Promise<void> {
    if (component === DATABASE && this.#dead.has(this.#databasePid)) {
      await this.#startDatabase(this.#topology.database, signal)
    }
    if (component === BALANCER && this.#balancer && this.#dead.has(this.#balancer.pid)) {
      this.#balancer = await this.#startBalancer(this.#topology, signal, this.#balancer.port)
    }
    if (component === POOLER) await this.#pooler.revive(signal)
    if (component === CACHE) await this.#cache.revive(signal)
    const replica = this.#replicas.find((one) => one.component === component)
    if (replica && this.#dead.has(replica.pid)) await this.#restartReplica(replica, signal)
    const before = this.#instances.find((instance) => instance.component === component)
    if (!before || !this.#dead.has(before.pid)) return
    while (this.#dead.has(this.#databasePid)) {
      signal.throwIfAborted()
      if (this.#databaseLost) throw databaseLost(component)
      await sleep(REVIVE_POLL_MS)
    }
    const number = Number(component.slice(component.lastIndexOf('-') + 1))
    const after = await this.#startInstance(this.#topology, number, this.#backing(this.#topology), signal, {
      port: before.port,
    })
    this.#instances = this.#instances.map((instance) => (instance === before ? after : instance))
  }

  async #restartReplica(before: Replica, signal: AbortSignal): Promise<void> {
    const { supervisor, home } = this.#parts
    const { database } = this.#topology
    const after = await restartReplica(supervisor, home, database, this.databasePort, before, signal)
    this.#watch(after.component, after.pid)
    this.#replicas = this.#replicas.map((replica) => (replica === before ? after : replica))
  }

  async #moveApp(target: Topology, signal: AbortSignal, readyWithinMs?: number): Promise<void> {
    const before = this.#instances.filter(({ pid }) => !this.#dead.has(pid))
    const same = sameApp(this.#topology, target) && isDeepStrictEqual(this.#told, this.#backing(target))
    const numbers = Array.from({ length: target.app.instances }, (_, index) => index + 1)
    const kept = same
      ? before.filter(({ component }) => numbers.some((number) => component === `app-${number}`))
      : []
    const surplus = before.filter((instance) => !kept.includes(instance))
    // Changed settings: an instance keeps its name, so the old one must go before the new one comes.
    if (!same) {
      await this.#stopAll(surplus)
      this.#instances = []
    }
    await this.#seedFor(target.app)
    const names = new Set(kept.map(({ component }) => component))
    const backing = this.#backing(target)
    this.#told = backing
    const starts = await Promise.allSettled(
      numbers
        .filter((number) => !names.has(`app-${number}`))
        .map((number) => this.#startInstance(target, number, backing, signal, { readyWithinMs })),
    )
    const added = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed) {
      // What else came up of this topology belongs to no other.
      await this.#stopAll(added)
      throw failed.reason
    }
    this.#instances = [...kept, ...added].sort(byName)
    this.#topology = { ...this.#topology, app: target.app }
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
    this.#balancer = await this.#startBalancer(target, signal, running?.port)
  }

  async #startBalancer(
    { balancer: topology }: Topology,
    signal: AbortSignal,
    port: number | undefined,
  ): Promise<RunningBalancer | null> {
    const { supervisor, balancerBundle, folder, app } = this.#parts
    const { readyPath } = app.spec
    const start = { supervisor, topology, readyPath, instances: this.#instances, signal, port }
    if (topology.engine === 'none') return null
    const started =
      topology.engine === 'haproxy'
        ? await startHaproxy(start, folder)
        : await startEmbeddedBalancer(start, balancerBundle)
    this.#watch(BALANCER, started.pid)
    return started
  }

  async #startInstance(
    target: Topology,
    number: number,
    backing: Backing,
    signal: AbortSignal,
    how: { readonly readyWithinMs?: number | undefined; readonly port?: number } = {},
  ): Promise<AppInstance> {
    const { supervisor, app } = this.#parts
    const instance = await startInstance(
      supervisor,
      app,
      target.app,
      number,
      backing,
      signal,
      how.readyWithinMs,
      how.port,
    )
    this.#watch(instance.component, instance.pid)
    return instance
  }

  /**
   * A planted flaw may be one of the data: the seed command makes it, from the same variables as the app. The next
   * `restoreData` puts it in place.
   */
  async #seedFor(target: AppTopology): Promise<void> {
    const { supervisor, app } = this.#parts
    if (!app.spec.seed) return
    await this.#seeded.choose(target.flaws, (url) => seedData(supervisor, app, target, url))
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
      for (const replica of kept) await setApplyDelay(standbyOf(replica), database.replicaApplyDelayMs)
    const added: Replica[] = []
    for (let number = 1; number <= database.replicas; number++) {
      if (kept.some(({ component }) => component === replicaName(number))) continue
      const replica = await startReplica(supervisor, home, database, this.databasePort, number, signal)
      added.push(replica)
      this.#watch(replica.component, replica.pid)
    }
    this.#replicas = [...kept, ...added].sort(byName)
    await caughtUp({ port: this.databasePort }, added.map(standbyOf), database.replicaApplyDelayMs)
  }

  async #removeReplicas(surplus: readonly Replica[]): Promise<void> {
    const { supervisor, home } = this.#parts
    for (const replica of surplus)
      await removeReplica(supervisor, home, replica, !this.#dead.has(replica.pid), this.databasePort)
  }

  /** What app servers of this topology are told of. */
  #backing({ pooler, cache }: Topology): Backing {
    const urlAt = (port: number): string => databaseUrl({ port }, SHOP_ROLE, SHOP_DATABASE)
    const pooled = pooler.kind === 'none' ? null : this.#pooler.port
    const kept = cache.kind === 'none' ? null : this.#cache.port
    return {
      databaseUrl: urlAt(pooled ?? this.#parts.appDatabasePort ?? this.databasePort),
      replicaUrls: this.#replicas.map(({ port }) => urlAt(port)),
      redisUrl: kept === null ? null : `redis://127.0.0.1:${kept}`,
    }
  }

  async #restartDatabase(database: DatabaseTopology, signal: AbortSignal): Promise<void> {
    if (!this.#dead.has(this.#databasePid)) await this.stop(DATABASE)
    await this.#startDatabase(database, signal)
    await this.#appsRecovered()
  }

  async #startDatabase(database: DatabaseTopology, signal: AbortSignal): Promise<void> {
    const { supervisor, home } = this.#parts
    const { pid } = await startServer(supervisor, home, database, signal, this.databasePort)
    this.#databasePid = pid
    this.#databaseLost = false
    this.#watch(DATABASE, pid)
  }

  async #appsRecovered(): Promise<void> {
    await Promise.all(this.#connected().map((instance) => recovered(this.#parts.app.spec, instance)))
  }

  /** App servers that do not find the database again: one that leaks its connections has none left to find it with. */
  async #lostApps(): Promise<readonly string[]> {
    const lost = this.#connected().map(async (instance) => {
      const found = recovered(this.#parts.app.spec, instance)
      return found.then(
        () => [],
        () => [instance.component],
      )
    })
    return (await Promise.all(lost)).flat()
  }

  #connected(): readonly AppInstance[] {
    // Those behind a pooler that died come back with it.
    if (this.#pooler.port !== null && !this.#pooler.isAlive) return []
    return this.#instances.filter(({ pid }) => !this.#dead.has(pid))
  }

  #watch(component: string, pid: number): void {
    void this.#parts.supervisor.ended(component, pid).then(() => this.#dead.add(pid))
  }
}

function databaseLost(component: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${component} cannot be started again: the database that it needs died`,
    where: component,
    hint: 'see the last output of the database',
  })
}

/** Cores by component name. */
function budgetsOf({ database, app, balancer, pooler, cache }: Topology): Record<string, number> {
  const apps = Array.from({ length: app.instances }, (_, index) => [`app-${index + 1}`, app.cpu] as const)
  const replicas = Array.from(
    { length: database.replicas },
    (_, index) => [replicaName(index + 1), database.cpu] as const,
  )
  return {
    [DATABASE]: database.cpu,
    [BALANCER]: balancer.cpu,
    [POOLER]: pooler.cpu,
    [CACHE]: cache.cpu,
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

function standbyOf({ component, port }: Replica): Standby {
  return { component, server: { port } }
}

function byName({ component: a }: { component: string }, { component: b }: { component: string }): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
