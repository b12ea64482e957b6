import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { HarnessError } from '../../core/errors.ts'
import type { Topology } from '../../core/topology.ts'
import type { AppSpec } from '../../ports.ts'
import { answersOk } from '../http-call.ts'
import { type DatabaseServer, databaseUrl, SUPERUSER, withClient } from '../postgres-connection.ts'
import { SeededCopies } from '../seeded-copies.ts'
import { balancerConfig, writeBalancerConfig } from './balancer-config.ts'
import { type Container, runningContainers } from './containers.ts'
import type { DockerEngine } from './docker/engine.ts'
import { EngineRefusal } from './docker/engine.ts'
import type { ComposeRunner } from './docker/run-compose.ts'
import { type OverlayParts, overlay, SEED_BUNDLE, urlInside } from './overlay.ts'
import type { Project } from './project.ts'

const READY_WITHIN_MS = 60_000
const SEED_ONCE = ['run', '--rm', '--no-deps', '-T'] as const
const POLL_MS = 50

/** What stands ready to be started. */
export type StandParts = {
  readonly engine: DockerEngine
  readonly compose: ComposeRunner
  readonly project: Project
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
  #balancerText: string | null = null
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
  get hasBalancer(): boolean {
    return this.#balancerText !== null
  }
  /** Containers come and go by our own doing. */
  get moving(): boolean {
    return this.#moving > 0
  }
  get url(): string {
    const port = this.hasBalancer ? this.#parts.balancerPort : (this.apps[0]?.appPort ?? 0)
    return `http://127.0.0.1:${port}`
  }

  /** Writes what Compose is to make of a topology. */
  writeOverlay(topology: Topology): void {
    writeFileSync(this.#parts.overlayFile, JSON.stringify(overlay(topology, this.#parts.overlay), null, 2), {
      mode: 0o600,
    })
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
    } finally {
      this.#moving--
    }
  }

  async #move(target: Topology, signal: AbortSignal, readyWithinMs: number): Promise<void> {
    const { compose } = this.#parts
    const before = this.#topology
    this.writeOverlay(target)
    if (databaseDiffers(before, target)) {
      await compose.run('up', '-d', '--no-deps', 'database')
      await this.databaseReady(signal)
    }
    await this.#seedFor(target)
    const same = sameApp(before, target)
    if (!same || target.app.instances !== before.app.instances) {
      // Only more or fewer: those that stay must not be made anew.
      const keep = same && before.app.instances > 0 ? ['--no-recreate'] : []
      await compose.run('up', '-d', '--no-deps', ...keep, '--scale', `shop=${target.app.instances}`, 'shop')
    }
    await this.#look()
    await this.#appsReady(signal, readyWithinMs)
    await this.#moveBalancer(target, signal)
    await this.#look()
    this.#topology = target
    this.#checkComplete(target)
  }

  /** A planted flaw may be one of the data: the next `restoreData` puts it in place. */
  async #seedFor(target: Topology): Promise<void> {
    const { app, compose } = this.#parts
    if (!app.seed) return
    await this.#seeded.choose(target.app.flaws, (_, database) =>
      compose.run(...SEED_ONCE, '-e', `DATABASE_URL=${urlInside(database)}`, 'seed', 'node', SEED_BUNDLE),
    )
  }

  /** Puts the seeded data back; the app's pools have found the new database when it resolves. */
  async restoreData(signal: AbortSignal): Promise<void> {
    await this.#seeded.restore()
    await this.#appsReady(signal)
    await this.#balancerReady(signal)
  }

  async #moveBalancer(target: Topology, signal: AbortSignal): Promise<void> {
    const { compose, engine, app, overlay: parts } = this.#parts
    const running = this.#containers.find(({ role }) => role === 'balancer')
    if (target.balancer.engine === 'none') {
      this.#balancerText = null
      if (running) await engine.ask('DELETE', `/containers/${running.id}?force=true&v=true`)
      return
    }
    const text = balancerConfig(target.balancer, this.apps, app.readyPath)
    if (running && text === this.#balancerText) return
    writeBalancerConfig(parts.balancerFolder, text)
    this.#balancerText = text
    // Between two arms nobody shops: a restart is the surest way to exactly these servers.
    if (running) await engine.ask('POST', `/containers/${running.id}/restart?t=0`)
    else await compose.run('up', '-d', '--no-deps', 'balancer')
    await this.#balancerReady(signal)
  }

  async #look(): Promise<void> {
    const { engine, project } = this.#parts
    this.#containers = await runningContainers(engine, project)
  }

  /** Each app server, and each twice in a row: its pool may still be finding out that the database is another one. */
  async #appsReady(signal: AbortSignal, withinMs = READY_WITHIN_MS): Promise<void> {
    const { readyPath } = this.#parts.app
    await Promise.all(
      this.apps.map(async ({ component, appPort }) => {
        const answers = () => answersOk(`http://127.0.0.1:${appPort}${readyPath}`)
        await this.#until(signal, component, async () => (await answers()) && answers(), withinMs)
      }),
    )
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
        hint: 'the lines above are its own words; check the settings of the topology',
      })
    }
  }

  /** Why a component's container does not run, in its own words; `null`: it runs, or there is none. */
  async #lastWords(component: string): Promise<string | null> {
    const { engine, project } = this.#parts
    const service = component.startsWith('app-') ? 'shop' : component
    const label = [`com.docker.compose.project=${project.name}`, `com.docker.compose.service=${service}`]
    const filters = encodeURIComponent(JSON.stringify({ label, status: ['exited', 'dead'] }))
    const [dead] = await engine.ask<readonly { Id: string }[]>(
      'GET',
      `/containers/json?all=true&filters=${filters}`,
    )
    return dead ? lastWords(engine, dead.Id) : null
  }

  #checkComplete(target: Topology): void {
    if (this.apps.length === target.app.instances) return
    throw new HarnessError({
      code: 'environment',
      message: `${this.apps.length} of ${target.app.instances} app servers run`,
      where: this.#parts.project.name,
      hint: 'docker ps -a shows what became of the others',
    })
  }
}

const TAIL_LINES = 20

/** Exit code and last lines of a container. */
export async function lastWords(engine: DockerEngine, id: string): Promise<string> {
  try {
    const { State } = await engine.ask<{ State: { ExitCode: number; OOMKilled: boolean } }>(
      'GET',
      `/containers/${id}/json`,
    )
    const how = State.OOMKilled ? 'it took more memory than it may' : `exit code ${State.ExitCode}`
    const text = await engine.text('GET', `/containers/${id}/logs?stdout=true&stderr=true&tail=${TAIL_LINES}`)
    const lines = plainLog(text)
    return lines === '' ? `${how}, without output` : `${how}; its last output:\n${lines}`
  } catch (error) {
    if (error instanceof EngineRefusal) return 'its container is gone'
    throw error
  }
}

/** Logs come in frames, each with a header of eight bytes, the first of which is 0, 1 or 2. */
function plainLog(text: string): string {
  return (
    text
      .split('\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .map((line) => line.replace(/^[\u0000-\u0002]\u0000\u0000\u0000[\s\S]{1,4}/, '').trimEnd())
      .filter((line) => line !== '')
      .join('\n')
  )
}

/** CPU is a budget, changed while it runs; anything else of a database server needs another one on the same data. */
function databaseDiffers({ database: a }: Topology, { database: b }: Topology): boolean {
  const { cpu: _a, ...before } = a
  const { cpu: _b, ...after } = b
  return !isDeepStrictEqual(before, after)
}

function sameApp({ app: a }: Topology, { app: b }: Topology): boolean {
  const { cpu: _a, instances: _m, ...before } = a
  const { cpu: _b, instances: _n, ...after } = b
  return isDeepStrictEqual(before, after)
}
