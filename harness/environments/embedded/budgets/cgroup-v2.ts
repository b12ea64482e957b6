import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bandwidthOf, PERIOD_US } from './bandwidth.ts'
import { type BudgetedGroup, budgetedGroups } from './budgeted-groups.ts'
import { EnforcedTime } from './enforced-time.ts'
import { countIn, movePid, moveTree, pidsIn, removeQuietly } from './group-files.ts'
import type { BudgetMeans } from './means.ts'
import { openSubtree } from './subtree-v2.ts'
import { treeV2 } from './tree-v2.ts'

type Group = BudgetedGroup & {
  readonly folder: string
  /** What cpu.max holds. */
  written: string
}

/**
 * Budgets by control groups of version 2: one group a component under `doorbuster-<run>`, where we may make groups and
 * the cpu controller is handed down to them. A string says why there are none here.
 */
export function cgroupV2(run: string, harnessPid: number, place = treeV2()): BudgetMeans | string {
  if (typeof place === 'string') return place
  const subtree = openSubtree({ place, run, controller: 'cpu', harnessPid })
  if (typeof subtree === 'string') return subtree

  const makeGroup = (component: string): Group => {
    const folder = join(subtree.parent, component)
    mkdirSync(folder, { recursive: true })
    return { folder, time: new EnforcedTime(throttledUs(folder)), cores: null, written: '' }
  }

  const groups = budgetedGroups(makeGroup, (group, on) => {
    const { quotaUs, periodUs } = bandwidthOf(group.cores ?? 1)
    const wanted = `${on ? quotaUs : 'max'} ${periodUs}`
    // Each write fills the budget of the running period afresh: what has not changed is not written.
    if (group.written !== wanted) writeFileSync(join(group.folder, 'cpu.max'), wanted)
    group.written = wanted
  })

  return {
    name: 'cgroup-v2',
    periodMs: PERIOD_US / 1000,
    movedAside: subtree.movedAside,
    add: (component, rootPid) => {
      const group = groups.of(component)
      moveTree(rootPid, [group.folder])
      groups.settle(group)
    },
    release: groups.release,
    setBudget: groups.setBudget,
    enforce: groups.enforce,
    exempt: (_component, pid) => movePid(pid, [subtree.outside]),
    members: (component) => {
      const group = groups.find(component)
      return group ? pidsIn(group.folder) : []
    },
    read: (component) => {
      const { folder, time } = groups.of(component)
      return {
        usedUs: countIn(join(folder, 'cpu.stat'), 'usage_usec'),
        ...time.read(throttledUs(folder)),
      }
    },
    cgroups: () => [...groups.all().map(({ folder }) => folder), subtree.parent],
    close: () => {
      groups.stop()
      for (const { folder } of groups.all()) {
        for (const pid of pidsIn(folder)) movePid(pid, [subtree.outside])
        removeQuietly(folder)
      }
      subtree.close()
    },
  }
}

function throttledUs(folder: string): number {
  return countIn(join(folder, 'cpu.stat'), 'throttled_usec')
}
