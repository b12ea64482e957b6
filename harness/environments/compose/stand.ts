import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { HarnessError } from '../../core/errors.ts'
import type { Topology } from '../../core/topology.ts'
import type { AppSpec } from '../../ports.ts'
import { emptyCache } from '../empty-cache.ts'
import { answersOk } from '../http-call.ts'
import { answers, withoutPooled } from '../pgbouncer-console.ts'
import { type DatabaseServer, databaseUrl, SUPERUSER, withClient } from '../postgres-connection.ts'
import { redisCommand } from '../redis-command.ts'
import { SeededCopies } from '../seeded-copies.ts'
import { caughtUp, type Standby, setApplyDelay } from '../standby.ts'
import { balancerConfig, writeBalancerConfig } from './balancer-config.ts'
import { type Container, runningContainers, serviceOf } from './containers.ts'
import type { DockerEngine } from './docker/engine.ts'
import { EngineRefusal } from './docker/engine.ts'
import type { ComposeRunner } from './docker/run-compose.ts'
import { checkImages, type Images, imagesOf } from './images.ts'
import { lastWords } from './last-words.ts'
import { type OverlayParts, overlay, SEED_BUNDLE, urlInside } from './overlay.ts'
import { poolerConfig, writePoolerConfig } from './pooler-config.ts'
import type { Project } from './project.ts'

const READY_WITHIN_MS = 60_000
const SEED_ONCE = ['run', '--rm', '--no-deps', '-T'] as const
const POLL_MS = 50
/** A pool finds a database that is another one within a second or so. */
const FINDS_DATABASE_WITHIN_MS = 10_000

/** What stands ready to be started. */
export type StandParts = {
  readonly engine: DockerEngine
  readonly compose: ComposeRunner
  readonly project: Project
  readonly images: Images
  readonly overlay: OverlayParts
  readonly overlayFile: string
  readonly app: AppSpec
  readonly database: DatabaseServer
  /** Where shoppers go, published on loopback. */
  readonly balancerPort: number
}

/** The containers that run now, and how to get from them to any topology. */
export class ComposeStand {
  readonly #parts: StandParts
  readonly #seeded: SeededCopies
  #topology: Topology
  #containers: readonly Container[] = []
  /** What the running app servers were told of their replicas. */
  #told: readonly string[] = []
  #balancerText: string | null = null
  #poolerText: string | null = null
  /** The last move did not come to its end: what runs is neither the topology before it nor the one after. */
  #halfMoved = false
  /** Bytes docker-compose.yml lets the database have. */
  #unlimited: number | null = null
  #moving = 0

  constructor(parts: StandParts, topology: Topology) {
    this.#parts = parts
    this.#seeded = new SeededCopies(parts.database, topology.app.flaws)
    this.#topology = { ...topology, app: { ...topology.app, instances: 0 } }
    this.writeOverlay(topology)
  }

  get topology(): Topology {
    return this.#topology
  }
  get containers(): readonly Container[] {
    return this.#containers
  }
  get apps(): readonly Container[] {
    return this.#containers.filter(({ role }) => role === 'app')
  }
  get replicas(): readonly Standby[] {
    const { password } = this.#parts.database
    return this.#containers
      .filter(({ role }) => role === 'replica')
      .map(({ component, port }) => ({ component, server: serverAt(port, password) }))
  }
  /** PgBouncer as a server of databases; `null`: the topology has none. */
  get pooler(): DatabaseServer | null {
    const running = this.#containers.find(({ role }) => role === 'pooler')
    return running ? serverAt(running.port, this.#parts.database.password) : null
  }
  get cachePort(): number | null {
    return this.#containers.find(({ role }) => role === 'cache')?.port ?? null
  }
  get hasBalancer(): boolean {
    return this.#balancerText !== null
  }
  /** Containers come and go by our own doing. */
  get moving(): boolean {
    return this.#moving > 0
  }
  get url(): string {
    const port = this.hasBalancer ? this.#parts.balancerPort : (this.apps[0]?.port ?? 0)
    return `http://127.0.0.1:${port}`
  }

  /** Writes what Compose is to make of a topology. */
  writeOverlay(topology: Topology, replicaAddresses: readonly string[] = []): void {
    const document = overlay(topology, this.#parts.overlay, replicaAddresses)
    writeFileSync(this.#parts.overlayFile, JSON.stringify(document, null, 2), { mode: 0o600 })
  }

  /** Waits until Postgres answers at its port. */
  async databaseReady(signal: AbortSignal): Promise<void> {
    const url = databaseUrl(this.#parts.database, SUPERUSER, 'postgres')
    await this.#until(signal, 'database', () =>
      withClient(url, (query) => query('select 1')).then(
        () => true,
        () => false,
      ),
    )
  }

  /** Starts, stops and makes anew what differs. */
  async moveTo(target: Topology, signal: AbortSignal, readyWithinMs = READY_WITHIN_MS): Promise<void> {
    this.#moving++
    try {
      await this.#move(target, signal, readyWithinMs)
      this.#halfMoved = false
    } catch (error) {
      this.#halfMoved = true
      throw error
    } finally {
      this.#moving--
    }
  }

  async #move(target: Topology, signal: AbortSignal, readyWithinMs: number): Promise<void> {
    const { compose, engine, images } = this.#parts
    const before = this.#topology
    await checkImages(engine, imagesOf(target, images))
    this.writeOverlay(target)
    if (this.#halfMoved || databaseDiffers(before, target)) {
      // A standby must allow at least as many connections as its primary: it is made anew, which takes as long.
      await this.#removeReplicas(0)
      await compose.run('up', '-d', '--no-deps', 'database')
      await this.databaseReady(signal)
    }
    await this.#look()
    await this.#limitMemory(target, signal)
    await this.#addReplicas(target, signal)
    await this.#movePooler(target, signal)
    await this.#moveCache(target, signal)
    await this.#seedFor(target)
    const told = this.#addressesOf(target.database.replicas)
    this.writeOverlay(target, told)
    const same = !this.#halfMoved && sameApp(before, target) && isDeepStrictEqual(told, this.#told)
    this.#told = told
    if (!same || target.app.instances !== before.app.instances) {
      // Only more or fewer: those that stay must not be made anew.
      const keep = same && before.app.instances > 0 ? ['--no-recreate'] : []
      await compose.run('up', '-d', '--no-deps', ...keep, '--scale', `shop=${target.app.instances}`, 'shop')
    }
    await this.#look()
    await this.#appsReady(signal, readyWithinMs)
    await this.#moveBalancer(target, signal)
    // No app asks them any more.
    await this.#removeReplicas(target.database.replicas)
    if (target.pooler.kind === 'none') await this.#remove('pooler')
    if (target.cache.kind === 'none') await this.#remove('redis')
    await this.#look()
    this.#topology = target
    this.#checkRuns('app', target.app.instances)
  }

  /** A planted flaw may be one of the data: the next `restoreData` puts it in place. */
  async #seedFor(target: Topology): Promise<void> {
    const { app, compose } = this.#parts
    if (!app.seed) return
    await this.#seeded.choose(target.app.flaws, (_, database) =>
      compose.run(...SEED_ONCE, '-e', `DATABASE_URL=${urlInside(database)}`, 'seed', 'node', SEED_BUNDLE),
    )
  }

  /**
   * Puts the seeded data back, with an empty cache; the app's pools have found the new database when it resolves. Returns
   * the app servers that did not find it and were started anew: one that leaks its connections has none left to find it with.
   */
  async restoreData(signal: AbortSignal): Promise<readonly string[]> {
    const restore = () => this.#seeded.restore()
    await (this.pooler ? withoutPooled(this.pooler, restore) : restore())
    if (this.cachePort !== null) await emptyCache(this.cachePort)
    await caughtUp(this.#parts.database, this.replicas, this.#topology.database.replicaApplyDelayMs)
    const lost = await this.#restartLost(signal)
    await this.#balancerReady(signal)
    return lost
  }

  async #restartLost(signal: AbortSignal): Promise<readonly string[]> {
    const lost = await this.#notReady(signal, FINDS_DATABASE_WITHIN_MS)
    if (lost.length === 0) return []
    this.#moving++
    try {
      for (const component of lost) await this.#restart(component)
      await this.#look()
      await this.#appsReady(signal)
      // Started anew, they may have other addresses.
      await this.#moveBalancer(this.#topology, signal)
    } finally {
      this.#moving--
    }
    return lost
  }

  async #addReplicas({ database }: Topology, signal: AbortSignal): Promise<void> {
    const { compose, database: primary } = this.#parts
    const { replicaApplyDelayMs } = this.#topology.database
    const kept = this.replicas.map(({ component }) => component)
    if (database.replicaApplyDelayMs !== replicaApplyDelayMs)
      for (const standby of this.replicas) await setApplyDelay(standby, database.replicaApplyDelayMs)
    if (database.replicas <= kept.length) return
    const scale = `replica=${database.replicas}`
    await compose.run('up', '-d', '--no-deps', '--no-recreate', '--scale', scale, 'replica')
    await this.#look()
    this.#checkRuns('replica', database.replicas)
    const added = this.replicas.filter(({ component }) => !kept.includes(component))
    await Promise.all(
      added.map(async (standby) => {
        await this.#until(signal, standby.component, () => streams(standby))
        await introduce(standby)
        await setApplyDelay(standby, database.replicaApplyDelayMs)
      }),
    )
    await caughtUp(primary, added, database.replicaApplyDelayMs)
  }

  /** Ends those beyond so many, with their data. */
  async #removeReplicas(keep: number): Promise<void> {
    for (const { component } of this.replicas.slice(keep)) await this.#remove(component)
    await this.#look()
  }

  /** Where app servers find the first so many replicas. */
  #addressesOf(replicas: number): readonly string[] {
    return this.#containers
      .filter(({ role }) => role === 'replica')
      .slice(0, replicas)
      .map(({ address }) => address)
  }

  async #movePooler({ pooler }: Topology, signal: AbortSignal): Promise<void> {
    const { compose, overlay: parts, database } = this.#parts
    if (pooler.kind === 'none') {
      this.#poolerText = null
      return
    }
    const text = poolerConfig(pooler)
    const running = this.pooler !== null
    if (running && text === this.#poolerText) return
    writePoolerConfig(parts.poolerFolder, text, database.password ?? '')
    this.#poolerText = text
    if (running) await this.#restart('pooler')
    else await compose.run('up', '-d', '--no-deps', 'pooler')
    await this.#look()
    await this.#until(signal, 'pooler', async () => this.pooler !== null && answers(this.pooler))
  }

  async #moveCache({ cache }: Topology, signal: AbortSignal): Promise<void> {
    if (cache.kind === 'none') return
    await this.#parts.compose.run('up', '-d', '--no-deps', 'cache')
    await this.#look()
    await this.#until(signal, 'redis', () =>
      redisCommand(this.cachePort ?? 0, 'PING').then(
        (answer) => answer === '+PONG',
        () => false,
      ),
    )
  }

  /** Holds the database to the memory it may have; where the topology limits none, to what docker-compose.yml says. */
  async #limitMemory({ database: { memoryMb } }: Topology, signal: AbortSignal): Promise<void> {
    const { engine } = this.#parts
    const running = this.#containers.find(({ role }) => role === 'database')
    if (!running) return
    const { HostConfig } = await engine.ask<{ HostConfig: { Memory: number; MemorySwap: number } }>(
      'GET',
      `/containers/${running.id}/json`,
    )
    this.#unlimited ??= HostConfig.Memory
    const Memory = memoryMb === null ? this.#unlimited : memoryMb * 2 ** 20
    if (Memory === HostConfig.Memory) return
    // Memory and swap together, as much as memory alone: none of it goes to disk.
    const limit = () => engine.ask('POST', `/containers/${running.id}/update`, { Memory, MemorySwap: Memory })
    try {
      await limit()
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      // It holds more than that already: a server that was just started holds little.
      await this.#restart('database')
      await this.databaseReady(signal)
      await limit().catch((again: unknown) => {
        throw again instanceof EngineRefusal ? tooLittleMemory(memoryMb, again) : again
      })
    }
  }

  async #restart(component: string): Promise<void> {
    const running = this.#containers.find((container) => container.component === component)
    if (running) await this.#parts.engine.ask('POST', `/containers/${running.id}/restart?t=0`)
  }

  /** With what it keeps on disk. */
  async #remove(component: string): Promise<void> {
    const running = this.#containers.find((container) => container.component === component)
    if (running) await this.#parts.engine.ask('DELETE', `/containers/${running.id}?force=true&v=true`)
  }

  async #moveBalancer(target: Topology, signal: AbortSignal): Promise<void> {
    const { compose, app, overlay: parts } = this.#parts
    const running = this.#containers.some(({ role }) => role === 'balancer')
    if (target.balancer.engine === 'none') {
      this.#balancerText = null
      await this.#remove('balancer')
      return
    }
    const text = balancerConfig(target.balancer, this.apps, app.readyPath)
    if (running && text === this.#balancerText) return
    writeBalancerConfig(parts.balancerFolder, text)
    this.#balancerText = text
    // Between two arms nobody shops: a restart is the surest way to exactly these servers.
    if (running) await this.#restart('balancer')
    else await compose.run('up', '-d', '--no-deps', 'balancer')
    await this.#balancerReady(signal)
  }

  async #look(): Promise<void> {
    const { engine, project } = this.#parts
    this.#containers = await runningContainers(engine, project)
  }

  async #appsReady(signal: AbortSignal, withinMs = READY_WITHIN_MS): Promise<void> {
    await Promise.all(this.apps.map((app) => this.#appReady(app, signal, withinMs)))
  }

  /** Twice in a row: its pool may still be finding out that the database is another one. */
  async #appReady({ component, port }: Container, signal: AbortSignal, withinMs: number): Promise<void> {
    const answers = () => answersOk(`http://127.0.0.1:${port}${this.#parts.app.readyPath}`)
    await this.#until(signal, component, async () => (await answers()) && answers(), withinMs)
  }

  /** App servers that are not ready within that time. */
  async #notReady(signal: AbortSignal, withinMs: number): Promise<readonly string[]> {
    const late = await Promise.all(
      this.apps.map((app) =>
        this.#appReady(app, signal, withinMs).then(
          () => [],
          () => [app.component],
        ),
      ),
    )
    signal.throwIfAborted()
    return late.flat()
  }

  async #balancerReady(signal: AbortSignal): Promise<void> {
    if (!this.hasBalancer) return
    const { balancerPort, app } = this.#parts
    await this.#until(signal, 'balancer', () => answersOk(`http://127.0.0.1:${balancerPort}${app.readyPath}`))
  }

  async #until(
    signal: AbortSignal,
    component: string,
    ready: () => Promise<boolean>,
    withinMs = READY_WITHIN_MS,
  ): Promise<void> {
    const deadline = performance.now() + withinMs
    for (;;) {
      signal.throwIfAborted()
      if (await ready()) return
      const ended = await this.#lastWords(component)
      if (ended === null && performance.now() < deadline) {
        await sleep(POLL_MS)
        continue
      }
      throw new HarnessError({
        code: 'environment',
        message:
          ended === null
            ? `${component} was not ready within ${withinMs / 1000} s`
            : `${component} ended as it came up: ${ended}`,
        where: component,
        hint:
          ended === null
            ? 'it runs, but does not answer: see whether its database does (memory, connections), or whether the machine is busy'
            : 'the lines above are its own words; check the settings of the topology',
      })
    }
  }

  /** Why a component's container does not run, in its own words; `null`: it runs, or there is none. */
  async #lastWords(component: string): Promise<string | null> {
    const { engine, project } = this.#parts
    const label = [
      `com.docker.compose.project=${project.name}`,
      `com.docker.compose.service=${serviceOf(component)}`,
    ]
    const filters = encodeURIComponent(JSON.stringify({ label, status: ['exited', 'dead'] }))
    const [dead] = await engine.ask<readonly { Id: string }[]>(
      'GET',
      `/containers/json?all=true&filters=${filters}`,
    )
    return dead ? lastWords(engine, dead.Id) : null
  }

  #checkRuns(role: 'app' | 'replica', wanted: number): void {
    const running = this.#containers.filter((container) => container.role === role).length
    if (running === wanted) return
    throw new HarnessError({
      code: 'environment',
      message: `${running} of ${wanted} ${role === 'app' ? 'app servers' : 'replicas'} run`,
      where: this.#parts.project.name,
      hint: 'docker ps -a shows what became of the others',
    })
  }
}

/** CPU and memory are limits, changed while it runs; other settings of a server need another one on the same data. */
function databaseDiffers({ database: a }: Topology, { database: b }: Topology): boolean {
  return a.maxConnections !== b.maxConnections || !isDeepStrictEqual(a.settings, b.settings)
}

/** `port`: 0 where nothing is published, and nobody answers. */
function serverAt(port: number | null, password: string | undefined): DatabaseServer {
  return { port: port ?? 0, ...(password !== undefined && { password }) }
}

function streams({ server }: Standby): Promise<boolean> {
  return withClient(databaseUrl(server, SUPERUSER, 'postgres'), (query) =>
    query(`select from pg_stat_wal_receiver where status = 'streaming'`),
  ).then(
    (rows) => rows.length === 1,
    () => false,
  )
}

/** Makes a standby call itself to its primary what the reports call it. Its password is in its environment. */
async function introduce({ component, server }: Standby): Promise<void> {
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), (query) =>
    query(
      `alter system set primary_conninfo = 'host=database user=${SUPERUSER} application_name=${component}'`,
    ),
  )
}

function tooLittleMemory(memoryMb: number | null, refusal: EngineRefusal): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the database cannot be held to ${memoryMb} MB of memory: ${refusal.message}`,
    where: 'topology.database.memoryMb',
    hint: 'give it more, or a smaller --set topology.database.settings.shared_buffers=32MB',
  })
}

/** Also of what stands beside it, at addresses that do not change. */
function sameApp(a: Topology, b: Topology): boolean {
  const { cpu: _a, instances: _m, ...before } = a.app
  const { cpu: _b, instances: _n, ...after } = b.app
  return isDeepStrictEqual(before, after) && a.pooler.kind === b.pooler.kind && a.cache.kind === b.cache.kind
}
