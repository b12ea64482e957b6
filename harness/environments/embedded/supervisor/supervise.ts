import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { coreSpeedReader } from '../../../calibrate.ts'
import type { ComponentRole, Isolation } from '../../../core/record.ts'
import { HARNESS_CPU } from '../../../core/topology.ts'
import { Pace } from '../../pace.ts'
import { isRunning, type ProcessRef, processRef, signalProcess, treeOf } from '../../process-tree.ts'
import { candidateMeans } from '../budgets/candidates.ts'
import { chooseBinding, MeansChoice } from '../budgets/choose.ts'
import type { MeansReading } from '../budgets/means.ts'
import { MemoryLimits } from '../budgets/memory-limits.ts'
import { type CleanUpList, writeCleanUpList } from './clean-up-list.ts'
import { type Launched, launch, lowerPriority } from './launch.ts'
import type { FromSupervisor, MeterRow, Method, ProgramStart, Protocol } from './protocol.ts'
import { takeDown } from './take-down.ts'

type Component = {
  readonly role: ComponentRole
  readonly launched: Launched
  readonly limited: boolean
  asked: boolean
  /** A fault stands it still. */
  paused: boolean
}
type Account = { readonly usedUs: number; readonly workUs: number }
type Handlers = { [M in Method]: (ask: Protocol[M]['ask']) => Promise<Protocol[M]['answer']> }

/** How often the speed of a core is read: a reading costs about 0.2 ms. */
const READ_SPEED_EVERY_MS = 10
/** Use is accounted at the speed of this much time, and budgets are dealt out anew no more often. */
const FOLLOW_EVERY_MS = 200

/** Dealt out anew when the speed has changed by this much: each time, the kernel fills the budget of the period afresh. */
const DEAL_AGAIN = 0.05
/** A process that is held back by its budget takes a moment to end, even when it is killed. */
const KILLED_WITHIN_MS = 5000
const KILLED_POLL_MS = 5

/** One run's components: starts, stops, budgets and meters them, and knows all that has to go at the end. */
export function supervise(
  folder: string,
  run: string,
  harness: ProcessRef,
  forced: string | undefined,
  tell: (message: FromSupervisor) => void,
): { readonly handlers: Handlers; readonly end: () => Promise<void> } {
  const choice = new MeansChoice(candidateMeans(run, harness.pid, forced))
  const memory = new MemoryLimits(run)
  const cgroups = () => [...choice.current.cgroups(), ...memory.cgroups()]
  let isolation: Isolation | null = null
  let ending: Promise<void> | null = null
  const components = new Map<string, Component>()
  const budgets = new Map<string, number>()
  /** Shares of their budgets that faults leave to components. */
  const slowed = new Map<string, number>()
  const roles = new Map<string, ComponentRole>()
  const accounts = new Map<string, Account>()
  let pace: Pace | null = null
  let following: NodeJS.Timeout | undefined
  /** Speed at which budgets were last dealt out. */
  let dealtAt = 1
  let list: CleanUpList = {
    harness,
    supervisor: processRef(process.pid),
    processes: [],
    cgroups: cgroups(),
    files: [],
  }
  const note = (change: Partial<CleanUpList>): void => {
    const { movedAside } = choice.current
    list = { ...list, ...change, cgroups: cgroups(), movedAside: movedAside ?? undefined }
    if (!ending) writeCleanUpList(folder, list)
  }
  const noteProcess = (pid: number, name: string, endWith: 'SIGTERM' | 'SIGQUIT' = 'SIGTERM'): void =>
    note({ processes: [...list.processes.filter(isRunning), { ...processRef(pid), name, endWith }] })
  note({})

  const component = (name: string): Component => {
    const found = components.get(name)
    if (!found) throw new Error(`no component "${name}" runs`)
    return found
  }

  /** Nothing is started once the end has begun: the take-down would not see it. */
  const begin = async (program: ProgramStart): Promise<Launched> => {
    if (ending) throw new Error('everything is being taken down')
    const launched = await launch(program, folder)
    if (!ending) return launched
    signalProcess(-launched.pid, 'SIGKILL')
    throw new Error('everything is being taken down')
  }

  /** What a component has used up to now, and the work that was at the speed of then. */
  const account = (name: string): Account & MeansReading => {
    const reading = choice.current.read(name)
    const before = accounts.get(name) ?? { usedUs: 0, workUs: 0 }
    // A means that took over from a rejected one may know less of the past: the meter never goes back.
    const used = Math.max(before.usedUs, reading.usedUs)
    const now = { usedUs: used, workUs: before.workUs + (used - before.usedUs) * (pace?.speed ?? 1) }
    accounts.set(name, now)
    return { ...reading, ...now }
  }

  /** The budget a component has now. */
  const coresOf = (name: string): number | null => {
    const cores = budgets.get(name)
    return cores === undefined ? null : cores * (slowed.get(name) ?? 1)
  }

  /** Real cores by component. One that was asked to stop has been let go: its last moments are not held back. */
  const dealt = (by: Pace | null): ReadonlyMap<string, number> => {
    const held = [...budgets.keys()].flatMap((name) => {
      const cores = components.get(name)?.asked === false ? coresOf(name) : null
      return cores === null ? [] : [[name, cores] as const]
    })
    const all = held.reduce((sum, [, cores]) => sum + cores, 0)
    const most = availableParallelism() - HARNESS_CPU.generator - HARNESS_CPU.supervisor
    return new Map(held.map(([name, cores]) => [name, by ? by.cores(cores, all, most) : cores]))
  }

  const dealOut = (): void => {
    dealtAt = pace?.speed ?? 1
    for (const [name, cores] of dealt(pace)) choice.current.setBudget(name, cores)
  }

  /** A means that does not take a component is passed over for one that does, as long as none was shown to bind. */
  const putUnderBudget = (name: string, pid: number): void => {
    try {
      choice.current.add(name, pid)
    } catch (error) {
      if (isolation) throw error
      choice.passOver(`it failed: ${error instanceof Error ? error.message : String(error)}`)
      putAllUnderBudget()
    }
  }
  const putAllUnderBudget = (): void => {
    for (const [name, { launched }] of components) putUnderBudget(name, launched.pid)
    dealOut()
    note({})
  }

  const choose = async (coreSpeed: number | null): Promise<Isolation> => {
    const now = coreSpeed === null ? null : new Pace(coreSpeed, coreSpeedReader())
    now?.observe()
    const adopt = (pid: number): void => noteProcess(pid, 'bind-probe')
    const found = await chooseBinding(choice, { budgets: dealt(now), adopt, replaced: putAllUnderBudget })
    note({})
    return found
  }

  const follow = (coreSpeed: number): void => {
    if (pace) return
    const followed = new Pace(coreSpeed, coreSpeedReader())
    followed.observe()
    pace = followed
    let readings = 0
    following = setInterval(() => {
      followed.observe()
      if (++readings % (FOLLOW_EVERY_MS / READ_SPEED_EVERY_MS) !== 0) return
      for (const name of components.keys()) account(name)
      if (Math.abs(followed.speed / dealtAt - 1) > DEAL_AGAIN) dealOut()
    }, READ_SPEED_EVERY_MS)
  }

  const end = (): Promise<void> => {
    clearInterval(following)
    // The means' own record of what it stopped is not trusted here: the take-down thaws every process it finds.
    ending ??= (async () => {
      const groups = cgroups()
      choice.current.close()
      await takeDown({ ...list, cgroups: groups }, folder)
    })()
    return ending
  }

  const handlers: Handlers = {
    start: async (ask) => {
      const limited = ask.memoryBytes !== undefined
      if (limited) memory.limit(ask.name, ask.memoryBytes)
      const launched = await begin(ask)
      if (limited) memory.add(ask.name, launched.pid)
      const started: Component = { role: ask.role, launched, limited, asked: false, paused: false }
      components.set(ask.name, started)
      roles.set(ask.name, ask.role)
      noteProcess(launched.pid, ask.name, ask.endWith)
      putUnderBudget(ask.name, launched.pid)
      dealOut()
      lowerPriority(launched.pid)
      launched.ended.then((programEnd) => {
        if (components.get(ask.name) === started) {
          components.delete(ask.name)
          // What it left behind (backends of a killed Postgres) has no parent any more by which it could be found. At the
          // end the take-down finds it, and the means are closed.
          if (!ending) {
            for (const pid of choice.current.members(ask.name)) signalProcess(pid, 'SIGKILL')
            choice.current.release(ask.name)
          }
        }
        const { asked } = started
        tell({
          kind: 'ended',
          component: ask.name,
          pid: launched.pid,
          asked: asked || ending !== null,
          end: programEnd,
        })
      })
      return { pid: launched.pid }
    },
    run: async (ask) => {
      const { pid, ended } = await begin(ask)
      noteProcess(pid, ask.name)
      return ended
    },
    stop: async ({ component: name, signal, graceMs }) => {
      const { launched, paused } = component(name)
      component(name).asked = true
      choice.current.release(name)
      slowed.delete(name)
      // What stands still would hear of the signal only when it is too late for its grace.
      if (paused) for (const pid of treeOf(launched.pid)) signalProcess(pid, 'SIGCONT')
      const members = treeOf(launched.pid).map(processRef)
      signalProcess(-launched.pid, signal)
      const inTime = await Promise.race([launched.ended, sleep(graceMs, null, { ref: false })])
      if (!inTime) for (const { pid } of members.filter(isRunning)) signalProcess(pid, 'SIGKILL')
      await launched.ended
      note({ processes: list.processes.filter(isRunning) })
      return null
    },
    kill: async ({ component: name }) => {
      const { launched } = component(name)
      component(name).asked = true
      slowed.delete(name)
      // The root stands still, so that nothing is forked while the tree is looked for, and goes last: a child whose root is
      // gone cannot be found any more. Budgets are still on: what is found by the means goes too when the root has ended.
      signalProcess(launched.pid, 'SIGSTOP')
      const members = [processRef(launched.pid)]
      for (let pass = 0; pass < 2; pass++) {
        const children = treeOf(launched.pid).slice(1)
        members.push(...children.map(processRef))
        for (const pid of children) signalProcess(pid, 'SIGKILL')
      }
      signalProcess(launched.pid, 'SIGKILL')
      await launched.ended
      // A Postgres is not started again while a process of its last life still holds its memory.
      const deadline = performance.now() + KILLED_WITHIN_MS
      while (members.some(isRunning) && performance.now() < deadline) await sleep(KILLED_POLL_MS)
      note({ processes: list.processes.filter(isRunning) })
      return null
    },
    pause: async ({ component: name, on }) => {
      // One that ended meanwhile no longer stands still.
      const paused = on ? component(name) : components.get(name)
      if (ending || !paused || paused.paused === on) return null
      paused.paused = on
      choice.current.hold?.(name, on)
      // Twice, for a child that is forked meanwhile.
      for (let pass = 0; pass < 2; pass++)
        for (const pid of treeOf(paused.launched.pid)) signalProcess(pid, on ? 'SIGSTOP' : 'SIGCONT')
      return null
    },
    slow: async ({ component: name, share }) => {
      if (share === 1) slowed.delete(name)
      else {
        component(name)
        slowed.set(name, share)
      }
      dealOut()
      return null
    },
    budgets: async (ask) => {
      for (const [name, cores] of Object.entries(ask)) budgets.set(name, cores)
      dealOut()
      note({})
      return null
    },
    enforce: async ({ on, coreSpeed }) => {
      if (on) isolation ??= await choose(coreSpeed)
      if (coreSpeed !== null && choice.current.name !== 'none') follow(coreSpeed)
      dealOut()
      choice.current.enforce(on)
      return isolation ?? { means: 'none', bindsWithin: null, periodMs: null }
    },
    exempt: async ({ component: name, pid }) => {
      // Only a descendant of the component: nobody else's process is moved about.
      if (treeOf(component(name).launched.pid).includes(pid)) choice.current.exempt(name, pid)
      return null
    },
    adopt: async ({ pid }) => {
      noteProcess(pid, 'adopted')
      return null
    },
    tidy: async ({ files }) => {
      note({ files: [...new Set([...list.files, ...files])] })
      return null
    },
    memory: async ({ component: name, limitBytes }) => {
      if (!component(name).limited) throw new Error(`"${name}" was started without a memory limit`)
      memory.limit(name, limitBytes)
      return null
    },
    meter: async () => {
      const readings = [...components].map(([name, { limited }]): MeterRow => {
        const held = limited ? memory.read(name) : null
        const budgetCores = choice.current.name === 'none' ? null : coresOf(name)
        const row = { ...account(name), component: name, role: roles.get(name)!, budgetCores }
        return held ? { ...row, memory: held } : row
      })
      const own = { ...ownReading(), ...(pace && { coreSpeed: pace.speed }) }
      return { atHrUs: Number(process.hrtime.bigint() / 1000n), readings: [...readings, own] }
    },
    down: async () => {
      await end()
      return null
    },
  }
  return { handlers, end }
}

/** The supervisor's own CPU: what enforcing the budgets costs belongs in the account too. */
function ownReading(): MeterRow {
  const { user, system } = process.cpuUsage()
  return {
    component: 'supervisor',
    role: 'harness',
    usedUs: user + system,
    workUs: user + system,
    budgetCores: null,
    throttledUs: 0,
    enforcedUs: 0,
  }
}
