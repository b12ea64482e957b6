import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { threadsOf, treeOf } from '../../process-tree.ts'
import { EnforcedTime } from './enforced-time.ts'
import type { BudgetMeans } from './means.ts'
import { hasSchedstat, TreeAccount } from './tree-account.ts'

/** A budget this close to whole cores is one (as close as a means has to bind). */
const WHOLE_WITHIN = 0.1
const SCAN_EVERY_MS = 50

type Pinned = {
  readonly account: TreeAccount
  readonly time: EnforcedTime
  /** Whole cores; `null`: no budget. */
  cores: number | null
  /** The list that its processes were last pinned to. */
  list: string
}

/**
 * Budgets by cores of one's own (`taskset`): each component runs on so many whole cores, on which no other component
 * runs. It stands for no other budgets, one core stays for the harness, and nothing counts how long it holds back. A
 * string says why there is none here.
 */
export function affinity(): BudgetMeans | string {
  if (process.platform !== 'linux') return 'pinning to cores needs Linux'
  if (!hasSchedstat()) return 'this kernel has no /proc/PID/schedstat to meter by'
  const allowed = coresOf(process.pid)
  if (allowed.length < 2) return 'there is only one core to pin to'
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' })
  } catch (error) {
    return `taskset does not work here (${(error as NodeJS.ErrnoException).code ?? 'it failed'})`
  }
  const everywhere = allowed.join(',')
  const components = new Map<string, Pinned>()
  let enforcing = false

  const pinnedOf = (component: string): Pinned => {
    const known = components.get(component)
    if (known) return known
    const account = new TreeAccount()
    const pinned: Pinned = { account, time: new EnforcedTime(0), cores: null, list: everywhere }
    components.set(component, pinned)
    return pinned
  }

  const settle = (): void => {
    // The first core is the harness's own.
    const free = allowed.slice(1)
    for (const pinned of components.values()) {
      const on = enforcing && pinned.cores !== null
      // A probe beside components that have all cores shares the last one with them: they are idle then.
      const own = free.length > 0 ? free.splice(0, pinned.cores ?? 0) : allowed.slice(-1)
      pinned.time.set(on)
      const list = on ? own.join(',') : everywhere
      if (pinned.list === list) continue
      pinned.list = list
      // Twice, for a child that is forked meanwhile.
      for (let pass = 0; pass < 2; pass++) {
        pinned.account.scan()
        pin(pinned.account.pids(), list)
      }
    }
  }
  const scan = (): void => {
    for (const { account } of components.values()) account.scan()
  }
  const timer = setInterval(scan, SCAN_EVERY_MS)
  timer.unref()

  return {
    name: 'affinity',
    periodMs: null,
    probe: {
      cores: 1,
      loops: 2,
      confines: (pid) => threadsOf(pid).every((tid) => coresOf(pid, tid).length === 1),
    },
    canStandFor: (budgets) => {
      const broken = [...budgets].find(([, cores]) => !isWhole(cores))
      if (broken) return `it can only give whole cores, and ${broken[0]} is to have ${broken[1].toFixed(2)}`
      const all = [...budgets.values()].reduce((sum, cores) => sum + Math.round(cores), 0)
      return (
        all < allowed.length ||
        `it gives each component cores of its own, and ${all} with one for the harness are more than ${allowed.length}`
      )
    },
    add: (component, rootPid) => {
      const pinned = pinnedOf(component)
      pinned.account.attach(rootPid)
      pin(treeOf(rootPid), pinned.list)
      settle()
    },
    release: (component) => {
      const pinned = components.get(component)
      if (!pinned) return
      pinned.cores = null
      settle()
      pinned.account.detach()
    },
    setBudget: (component, cores) => {
      pinnedOf(component).cores = Math.max(1, Math.round(cores))
      settle()
    },
    enforce: (on) => {
      enforcing = on
      settle()
    },
    exempt: (component, pid) => {
      pinnedOf(component).account.exempt(pid)
      pin([pid], everywhere)
    },
    members: (component) => pinnedOf(component).account.members(),
    read: (component) => {
      const { account, time } = pinnedOf(component)
      account.scan()
      return { usedUs: account.usedNs / 1000, ...time.read(0) }
    },
    cgroups: () => [],
    close: () => {
      clearInterval(timer)
      enforcing = false
      settle()
      for (const { account } of components.values()) account.detach()
    },
  }
}

function isWhole(cores: number): boolean {
  const whole = Math.round(cores)
  return whole >= 1 && Math.abs(cores / whole - 1) <= WHOLE_WITHIN
}

/** All threads of these processes; what they start later inherits it. One that ended meanwhile is no error. */
function pin(pids: readonly number[], list: string): void {
  for (const pid of pids) {
    try {
      execFileSync('taskset', ['-a', '-c', '-p', list, String(pid)], { stdio: 'ignore' })
    } catch {
      // Gone.
    }
  }
}

/** Cores that a thread may run on: "0-2,4" of its status file; none when it is gone. */
function coresOf(pid: number, tid = pid): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(statusOf(pid, tid))?.[1]
  if (list === undefined) return []
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

function statusOf(pid: number, tid: number): string {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1')
  } catch {
    return ''
  }
}
