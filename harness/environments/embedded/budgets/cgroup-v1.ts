import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bandwidthOf, PERIOD_US } from './bandwidth.ts'
import { type BudgetedGroup, budgetedGroups } from './budgeted-groups.ts'
import { EnforcedTime } from './enforced-time.ts'
import { codeOf, countIn, movePid, moveTree, pidsIn, removeQuietly } from './group-files.ts'
import type { BudgetMeans } from './means.ts'
import { mountOf } from './mount-of.ts'

type Group = BudgetedGroup & {
  readonly cpu: string
  readonly accounting: string
  periodUs: number | null
}

/**
 * Budgets by control groups of version 1: one group a component under `doorbuster-<run>`, its CPU counted exactly by
 * the kernel. A string says why there are none here.
 */
export function cgroupV1(run: string): BudgetMeans | string {
  const cpuRoot = mountOf('cpu')
  const accountingRoot = mountOf('cpuacct')
  if (!cpuRoot || !accountingRoot) return 'no cpu and cpuacct controllers of version 1 are mounted'
  const parents = [
    ...new Set([join(cpuRoot, `doorbuster-${run}`), join(accountingRoot, `doorbuster-${run}`)]),
  ]
  const abandon = (because: string): string => {
    for (const parent of parents) removeQuietly(parent)
    return because
  }
  try {
    for (const parent of parents) mkdirSync(parent, { recursive: true })
  } catch (error) {
    return abandon(`no group can be made in ${cpuRoot} (${codeOf(error)})`)
  }
  if (!existsSync(join(parents[0]!, 'cpu.cfs_quota_us')))
    return abandon('this kernel has no bandwidth control (CONFIG_CFS_BANDWIDTH)')

  const makeGroup = (component: string): Group => {
    const cpu = join(parents[0]!, component)
    const accounting = join(parents.at(-1)!, component)
    mkdirSync(cpu, { recursive: true })
    mkdirSync(accounting, { recursive: true })
    return { cpu, accounting, time: new EnforcedTime(throttledUs(cpu)), cores: null, periodUs: null }
  }

  const groups = budgetedGroups(makeGroup, (group, on) => {
    if (!on) {
      writeFileSync(join(group.cpu, 'cpu.cfs_quota_us'), '-1')
      return
    }
    const { quotaUs, periodUs } = bandwidthOf(group.cores!)
    // Each write fills the budget of the running period afresh: what has not changed is not written.
    if (group.periodUs !== periodUs) writeFileSync(join(group.cpu, 'cpu.cfs_period_us'), String(periodUs))
    group.periodUs = periodUs
    writeFileSync(join(group.cpu, 'cpu.cfs_quota_us'), String(quotaUs))
  })

  return {
    name: 'cgroup-v1',
    periodMs: PERIOD_US / 1000,
    add: (component, rootPid) => {
      const group = groups.of(component)
      moveTree(rootPid, [group.cpu, group.accounting])
      groups.settle(group)
    },
    release: groups.release,
    setBudget: groups.setBudget,
    enforce: groups.enforce,
    exempt: (_component, pid) => movePid(pid, [cpuRoot, accountingRoot]),
    members: (component) => {
      const group = groups.find(component)
      return group ? pidsIn(group.cpu) : []
    },
    read: (component) => {
      const { cpu, accounting, time } = groups.of(component)
      return {
        usedUs: Number(readFileSync(join(accounting, 'cpuacct.usage'), 'latin1')) / 1000,
        ...time.read(throttledUs(cpu)),
      }
    },
    cgroups: () => {
      const inner = groups.all().flatMap(({ cpu, accounting }) => [cpu, accounting])
      return [...new Set([...inner, ...parents])]
    },
    close: () => {
      groups.stop()
      for (const group of groups.all()) {
        for (const pid of pidsIn(group.cpu)) movePid(pid, [cpuRoot, accountingRoot])
        removeQuietly(group.cpu)
        removeQuietly(group.accounting)
      }
      for (const parent of parents) removeQuietly(parent)
    },
  }
}

function throttledUs(folder: string): number {
  return countIn(join(folder, 'cpu.stat'), 'throttled_time') / 1000
}
