import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../supervisor/process-tree.ts'
import type { BudgetMeans } from './means.ts'
import { mountOf } from './mount-of.ts'

/** A short period stands for a smaller server (every request slower); the kernel's 100 ms for a fast one that freezes. */
const PERIOD_US = 10_000
/** The kernel refuses a smaller quota. */
const MIN_QUOTA_US = 1_000

type Group = {
  readonly cpu: string
  readonly accounting: string
  cores: number | null
  periodUs: number | null
  enforcedSinceNs: bigint | null
  enforcedNs: bigint
  throttledNs: bigint
  throttledReadNs: bigint
  readAtEnforcedNs: bigint
}

/**
 * Budgets by control groups of version 1: one group a component under `doorbuster-<run>`, its CPU counted exactly by
 * the kernel. `null` where there is no such hierarchy or it may not be written.
 */
export function cgroupV1(run: string): BudgetMeans | null {
  const cpuRoot = mountOf('cpu')
  const accountingRoot = mountOf('cpuacct')
  if (!cpuRoot || !accountingRoot) return null
  const parents = [
    ...new Set([join(cpuRoot, `doorbuster-${run}`), join(accountingRoot, `doorbuster-${run}`)]),
  ]
  try {
    for (const parent of parents) mkdirSync(parent, { recursive: true })
    if (!existsSync(join(parents[0]!, 'cpu.cfs_quota_us')))
      throw new Error('no bandwidth control in this kernel')
  } catch {
    for (const parent of parents) removeQuietly(parent)
    return null
  }
  const groups = new Map<string, Group>()
  let enforcing = false

  const groupOf = (component: string): Group => {
    const known = groups.get(component)
    if (known) return known
    const cpu = join(parents[0]!, component)
    const accounting = join(parents.at(-1)!, component)
    mkdirSync(cpu, { recursive: true })
    mkdirSync(accounting, { recursive: true })
    const group: Group = {
      cpu,
      accounting,
      cores: null,
      periodUs: null,
      enforcedSinceNs: null,
      enforcedNs: 0n,
      throttledNs: 0n,
      throttledReadNs: throttledNs(cpu),
      readAtEnforcedNs: 0n,
    }
    groups.set(component, group)
    return group
  }

  /** Writes the quota that follows from budget and switch, closing or opening the enforced time. */
  const settle = (group: Group): void => {
    const on = enforcing && group.cores !== null
    const nowNs = process.hrtime.bigint()
    if (group.enforcedSinceNs !== null) group.enforcedNs += nowNs - group.enforcedSinceNs
    group.enforcedSinceNs = on ? nowNs : null
    if (!on) {
      writeFileSync(join(group.cpu, 'cpu.cfs_quota_us'), '-1')
      return
    }
    const periodUs = Math.max(PERIOD_US, Math.ceil(MIN_QUOTA_US / group.cores!))
    // Each write fills the budget of the running period afresh: what has not changed is not written.
    if (group.periodUs !== periodUs) writeFileSync(join(group.cpu, 'cpu.cfs_period_us'), String(periodUs))
    group.periodUs = periodUs
    writeFileSync(join(group.cpu, 'cpu.cfs_quota_us'), String(Math.round(periodUs * group.cores!)))
  }

  /** Puts every process of the tree into the group; twice, for a child that is forked meanwhile. */
  const moveTree = (rootPid: number, folders: readonly string[]): void => {
    for (let pass = 0; pass < 2; pass++) for (const pid of treeOf(rootPid)) movePid(pid, folders)
  }

  return {
    name: 'cgroup-v1',
    periodMs: PERIOD_US / 1000,
    add: (component, rootPid) => {
      const group = groupOf(component)
      moveTree(rootPid, [group.cpu, group.accounting])
      settle(group)
    },
    release: (component) => {
      const group = groups.get(component)
      if (!group) return
      group.cores = null
      settle(group)
    },
    setBudget: (component, cores) => {
      const group = groupOf(component)
      group.cores = cores
      settle(group)
    },
    enforce: (on) => {
      enforcing = on
      for (const group of groups.values()) settle(group)
    },
    exempt: (_component, pid) => movePid(pid, [cpuRoot, accountingRoot]),
    members: (component) => {
      const group = groups.get(component)
      return group ? pidsIn(group.cpu) : []
    },
    read: (component) => {
      const group = groupOf(component)
      const nowNs = process.hrtime.bigint()
      const enforcedNs =
        group.enforcedNs + (group.enforcedSinceNs === null ? 0n : nowNs - group.enforcedSinceNs)
      // The kernel adds up over cores; held back on two cores at once is still held back only once.
      const throttledReadNs = throttledNs(group.cpu)
      const grownNs = throttledReadNs - group.throttledReadNs
      const elapsedNs = enforcedNs - group.readAtEnforcedNs
      group.throttledNs += grownNs < elapsedNs ? grownNs : elapsedNs
      group.throttledReadNs = throttledReadNs
      group.readAtEnforcedNs = enforcedNs
      return {
        usedUs: Number(readFileSync(join(group.accounting, 'cpuacct.usage'), 'latin1')) / 1000,
        throttledUs: Number(group.throttledNs / 1000n),
        enforcedUs: Number(enforcedNs / 1000n),
      }
    },
    cgroups: () => {
      const inner = [...groups.values()].flatMap(({ cpu, accounting }) => [cpu, accounting])
      return [...new Set([...inner, ...parents])]
    },
    close: () => {
      enforcing = false
      for (const group of groups.values()) {
        for (const pid of pidsIn(group.cpu)) movePid(pid, [cpuRoot, accountingRoot])
        removeQuietly(group.cpu)
        removeQuietly(group.accounting)
      }
      for (const parent of parents) removeQuietly(parent)
    },
  }
}

function throttledNs(folder: string): bigint {
  const line = /^throttled_time (\d+)$/m.exec(readFileSync(join(folder, 'cpu.stat'), 'latin1'))
  return BigInt(line?.[1] ?? 0)
}

function pidsIn(folder: string): readonly number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number)
}

function movePid(pid: number, folders: readonly string[]): void {
  for (const folder of new Set(folders)) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), String(pid))
    } catch (error) {
      // ESRCH: it ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function removeQuietly(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Never made, or still busy: the clean-up list has it.
  }
}
