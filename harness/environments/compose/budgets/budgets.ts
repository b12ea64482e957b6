import { availableParallelism } from 'node:os'
import type { Isolation } from '../../../core/record.ts'
import { HARNESS_CPU, type Topology } from '../../../core/topology.ts'
import type { Clock, MeterReading } from '../../../ports.ts'
import type { MemoryReading } from '../../memory-reading.ts'
import { paceFactor } from '../../pace.ts'
import type { Container } from '../containers.ts'
import type { DockerEngine } from '../docker/engine.ts'
import type { Keeper } from '../keeper.ts'
import type { Project } from '../project.ts'
import { probeBinding } from './bind-probe.ts'
import { type ContainerCpu, type CpuCounters, containerCpu } from './container-cpu.ts'
import { containerMemory } from './container-memory.ts'
import { limitCpu, PERIOD_US } from './cpu-limit.ts'
import { dockerProcesses, ProcessCpu } from './process-cpu.ts'

const NOT_ENFORCED: Isolation = { means: 'none', bindsWithin: null, periodMs: null }

/** Dealt out anew when the speed has changed by this much, and no more often: a limit costs the engine some 30 ms. */
const DEAL_AGAIN = 0.05
const DEAL_EVERY_MS = 1000

type Account = {
  readonly container: Container
  readonly read: ContainerCpu
  last: CpuCounters
  usedUs: number
  workUs: number
  throttledUs: number
  enforcedUs: number
  readAtUs: number
}

/** What budgets and their meter need to know. */
export type BudgetParts = {
  readonly engine: DockerEngine
  readonly project: Project
  readonly keeper: Keeper
  readonly clock: Clock
  /** The core that budgets are in; absent: a core of this machine as it is. */
  readonly coreSpeed: number | undefined
  /** Budgets are not enforced: whoever runs this asked for it. */
  readonly never: boolean
}

/** CPU budgets of a project's containers, by `docker update` while they run, and the meter of what they use. */
export class ComposeBudgets {
  readonly #parts: BudgetParts
  readonly #accounts = new Map<string, Account>()
  readonly #ours: ProcessCpu
  readonly #docker: ProcessCpu
  readonly #adopted: number[] = [process.pid]
  #budgets: ReadonlyMap<string, number> = new Map()
  #databaseMemory: (() => MemoryReading) | null = null
  #isolation: Isolation | null = null
  #on = false
  #speed = 1
  #speeds: { sum: number; n: number } = { sum: 0, n: 0 }
  #followed = false
  #dealtAt = 1
  #dealtAtMs = 0
  #dealing: Promise<void> = Promise.resolve()

  constructor(parts: BudgetParts) {
    this.#parts = parts
    this.#adopted.push(parts.keeper.pid)
    this.#ours = new ProcessCpu(() => this.#adopted)
    this.#docker = new ProcessCpu(dockerProcesses())
    parts.keeper.onSpeed = (speed) => this.#onSpeed(speed)
  }

  get isolation(): Isolation {
    return this.#isolation ?? NOT_ENFORCED
  }

  get enforced(): boolean {
    return this.#on
  }

  /** A process of ours whose CPU is ours. */
  adopt(pid: number): void {
    this.#adopted.push(pid)
  }

  /** The containers that run now, and what each may use once budgets are on. They come without a limit. */
  put(containers: readonly Container[], topology: Topology): void {
    this.#budgets = new Map(containers.map(({ component, role }) => [component, budgetOf(role, topology)]))
    const { memoryMb } = topology.database
    const database = containers.find(({ role }) => role === 'database')
    this.#databaseMemory =
      memoryMb === null || !database ? null : containerMemory(database.id, database.pid, memoryMb * 2 ** 20)
    const known = new Map([...this.#accounts].map(([component, account]) => [component, account]))
    this.#accounts.clear()
    for (const container of containers) {
      const before = known.get(container.component)
      this.#accounts.set(
        container.component,
        before?.container.id === container.id && before.container.pid === container.pid
          ? before
          : this.#open(container, before),
      )
    }
  }

  /** The first `on` probes for a second whether Docker's limits bind here. */
  async enforce(on: boolean): Promise<void> {
    if (on) this.#isolation ??= await this.#probe()
    // What was used up to now was used under what held up to now.
    await this.#readAll()
    this.#on = on && this.isolation.means !== 'none'
    if (this.#on && this.#parts.coreSpeed !== undefined && !this.#followed) {
      this.#followed = true
      this.#parts.keeper.follow(this.#parts.coreSpeed)
    }
    await this.#deal()
    await this.#readAll()
  }

  async meter(): Promise<readonly MeterReading[]> {
    await this.#readAll()
    const atUs = this.#parts.clock.nowUs()
    const budgeted = this.isolation.means !== 'none'
    const rows = [...this.#accounts.values()].map(
      ({ container: { component, role }, ...account }): MeterReading => ({
        component,
        role,
        atUs: account.readAtUs,
        usedUs: account.usedUs,
        workUs: account.workUs,
        budgetCores: budgeted ? (this.#budgets.get(component) ?? null) : null,
        throttledUs: account.throttledUs,
        enforcedUs: account.enforcedUs,
        ...(role === 'database' && this.#databaseMemory && { memory: this.#databaseMemory() }),
      }),
    )
    return [
      ...rows,
      { ...ownRow('harness', this.#ours.read(), atUs), ...(this.#followed && { coreSpeed: this.#speed }) },
      ownRow('docker', this.#docker.read(), atUs),
    ]
  }

  async #probe(): Promise<Isolation> {
    const { engine, project, never } = this.#parts
    if (never) return NOT_ENFORCED
    const { binds, missedBy } = await probeBinding(engine, project)
    return binds ? { means: 'docker', bindsWithin: missedBy, periodMs: PERIOD_US / 1000 } : NOT_ENFORCED
  }

  #open(container: Container, before: Account | undefined): Account {
    return {
      container,
      read: containerCpu(this.#parts.engine, container.id, container.pid),
      last: { usedUs: 0, throttledUs: 0 },
      usedUs: before?.usedUs ?? 0,
      workUs: before?.workUs ?? 0,
      throttledUs: before?.throttledUs ?? 0,
      enforcedUs: before?.enforcedUs ?? 0,
      readAtUs: this.#parts.clock.nowUs(),
    }
  }

  async #readAll(): Promise<void> {
    const speed = this.#speeds.n > 0 ? this.#speeds.sum / this.#speeds.n : this.#speed
    this.#speeds = { sum: 0, n: 0 }
    await Promise.all([...this.#accounts.values()].map((account) => this.#read(account, speed)))
  }

  async #read(account: Account, speed: number): Promise<void> {
    const { usedUs, throttledUs } = await account.read().catch(() => account.last)
    const atUs = this.#parts.clock.nowUs()
    const elapsedUs = Math.max(0, atUs - account.readAtUs)
    const grownUs = Math.max(0, usedUs - account.last.usedUs)
    const throttledGrownUs = Math.max(0, throttledUs - account.last.throttledUs)
    account.last = { usedUs, throttledUs }
    account.readAtUs = atUs
    account.usedUs += grownUs
    account.workUs += grownUs * speed
    if (!this.#on) return
    account.enforcedUs += elapsedUs
    // The kernel adds up over cores; held back on two cores at once is still held back only once.
    account.throttledUs += Math.min(throttledGrownUs, elapsedUs)
  }

  #onSpeed(speed: number): void {
    this.#speed = speed
    this.#speeds.sum += speed
    this.#speeds.n++
    const changed = Math.abs(speed / this.#dealtAt - 1) > DEAL_AGAIN
    if (!this.#on || !changed || performance.now() - this.#dealtAtMs < DEAL_EVERY_MS) return
    this.#deal().catch(() => {})
  }

  /** One after the other: an earlier limit must not overtake a later one. */
  #deal(): Promise<void> {
    const deal = this.#dealing.then(() => this.#dealNow())
    this.#dealing = deal.catch(() => {})
    return deal
  }

  async #dealNow(): Promise<void> {
    this.#dealtAt = this.#speed
    this.#dealtAtMs = performance.now()
    const all = [...this.#budgets.values()].reduce((sum, cores) => sum + cores, 0)
    const most = availableParallelism() - HARNESS_CPU.generator - HARNESS_CPU.supervisor
    const factor = this.#followed ? paceFactor(this.#speed, all, most) : 1
    await Promise.all(
      [...this.#accounts.values()].map(({ container: { id, component } }) => {
        const cores = this.#budgets.get(component)
        return limitCpu(this.#parts.engine, id, this.#on && cores !== undefined ? cores * factor : null)
      }),
    )
  }
}

function budgetOf(role: Container['role'], { database, app, balancer, pooler, cache }: Topology): number {
  switch (role) {
    case 'database':
    case 'replica':
      return database.cpu
    case 'app':
      return app.cpu
    case 'balancer':
      return balancer.cpu
    case 'pooler':
      return pooler.cpu
    case 'cache':
      return cache.cpu
  }
}

function ownRow(component: string, usedUs: number, atUs: number): MeterReading {
  return {
    component,
    role: 'harness',
    atUs,
    usedUs,
    workUs: usedUs,
    budgetCores: null,
    throttledUs: 0,
    enforcedUs: 0,
  }
}
