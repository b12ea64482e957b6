import { setTimeout as sleep } from 'node:timers/promises'
import type { ComponentRole, Isolation } from '../../../core/record.ts'
import { candidateMeans, chooseBinding, type ForcedMeans, firstAvailable } from '../budgets/choose.ts'
import { type CleanUpList, writeCleanUpList } from './clean-up-list.ts'
import { type Launched, launch, lowerPriority } from './launch.ts'
import { isRunning, type ProcessRef, processRef, signalProcess, treeOf } from './process-tree.ts'
import type { FromSupervisor, MeterRow, Method, ProgramStart, Protocol } from './protocol.ts'
import { takeDown } from './take-down.ts'

type Component = { readonly role: ComponentRole; readonly launched: Launched; asked: boolean }
type Handlers = { [M in Method]: (ask: Protocol[M]['ask']) => Promise<Protocol[M]['answer']> }

/** One run's components: starts, stops, budgets and meters them, and knows all that has to go at the end. */
export function supervise(
  folder: string,
  run: string,
  harness: ProcessRef,
  forced: ForcedMeans,
  tell: (message: FromSupervisor) => void,
): { readonly handlers: Handlers; readonly end: () => Promise<void> } {
  const candidates = candidateMeans(run, forced)
  let means = firstAvailable(candidates)
  let isolation: Isolation | null = null
  let ending: Promise<void> | null = null
  const components = new Map<string, Component>()
  const budgets = new Map<string, number>()
  const roles = new Map<string, ComponentRole>()
  const usedUs = new Map<string, number>()
  let list: CleanUpList = {
    harness,
    supervisor: processRef(process.pid),
    processes: [],
    cgroups: means.cgroups(),
    files: [],
  }
  const note = (change: Partial<CleanUpList>): void => {
    list = { ...list, ...change, cgroups: means.cgroups() }
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

  const end = (): Promise<void> => {
    // The means' own record of what it stopped is not trusted here: the take-down thaws every process it finds.
    ending ??= (async () => {
      const cgroups = means.cgroups()
      means.close()
      await takeDown({ ...list, cgroups }, folder)
    })()
    return ending
  }

  const handlers: Handlers = {
    start: async (ask) => {
      const launched = await begin(ask)
      const started: Component = { role: ask.role, launched, asked: false }
      components.set(ask.name, started)
      roles.set(ask.name, ask.role)
      noteProcess(launched.pid, ask.name, ask.endWith)
      means.add(ask.name, launched.pid)
      lowerPriority(launched.pid)
      launched.ended.then((programEnd) => {
        if (components.get(ask.name) === started) {
          components.delete(ask.name)
          // What it left behind (backends of a killed Postgres) has no parent any more by which it could be found.
          for (const pid of means.members(ask.name)) signalProcess(pid, 'SIGKILL')
          if (!ending) means.release(ask.name)
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
      const { launched } = component(name)
      component(name).asked = true
      means.release(name)
      const members = treeOf(launched.pid).map(processRef)
      signalProcess(-launched.pid, signal)
      const inTime = await Promise.race([launched.ended, sleep(graceMs, null, { ref: false })])
      if (!inTime) for (const { pid } of members.filter(isRunning)) signalProcess(pid, 'SIGKILL')
      await launched.ended
      note({ processes: list.processes.filter(isRunning) })
      return null
    },
    budgets: async (ask) => {
      for (const [name, cores] of Object.entries(ask)) {
        budgets.set(name, cores)
        means.setBudget(name, cores)
      }
      note({})
      return null
    },
    enforce: async ({ on }) => {
      if (on && !isolation) {
        const rest = candidates
        isolation = await chooseBinding(
          means,
          rest,
          (pid) => noteProcess(pid, 'bind-probe'),
          (next) => {
            means.close()
            means = next
            for (const [name, { launched }] of components) means.add(name, launched.pid)
            for (const [name, cores] of budgets) means.setBudget(name, cores)
            note({})
          },
        )
        note({})
      }
      means.enforce(on)
      return isolation ?? { means: 'none', bindsWithin: null, periodMs: null }
    },
    exempt: async ({ component: name, pid }) => {
      // Only a descendant of the component: nobody else's process is moved about.
      if (treeOf(component(name).launched.pid).includes(pid)) means.exempt(name, pid)
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
    meter: async () => {
      const readings = [...components.keys()].map((name): MeterRow => {
        const reading = means.read(name)
        // A means that took over from a rejected one may know less of the past: the meter never goes back.
        const used = Math.max(usedUs.get(name) ?? 0, reading.usedUs)
        usedUs.set(name, used)
        const budgetCores = means.periodMs === null ? null : (budgets.get(name) ?? null)
        return { ...reading, component: name, role: roles.get(name)!, usedUs: used, budgetCores }
      })
      return { atHrUs: Number(process.hrtime.bigint() / 1000n), readings: [...readings, ownReading()] }
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
    budgetCores: null,
    throttledUs: 0,
    enforcedUs: 0,
  }
}
