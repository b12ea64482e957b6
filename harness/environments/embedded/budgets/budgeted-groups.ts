import type { EnforcedTime } from './enforced-time.ts'
import type { BudgetMeans } from './means.ts'

/** A component's control group; `cores`: its budget, `null`: none. */
export type BudgetedGroup = { readonly time: EnforcedTime; cores: number | null }

export type BudgetedGroups<Group extends BudgetedGroup> = Pick<
  BudgetMeans,
  'release' | 'setBudget' | 'enforce'
> & {
  /** The component's group, made when it is first asked for. */
  of(component: string): Group
  find(component: string): Group | undefined
  all(): readonly Group[]
  /** Writes what follows from budget and switch, closing or opening the enforced time. */
  settle(group: Group): void
  /** From now on no budget is in force; nothing is written. */
  stop(): void
}

/** Groups with their budgets, and the one switch that puts them in force; `make` and `write` know the kernel's files. */
export function budgetedGroups<Group extends BudgetedGroup>(
  make: (component: string) => Group,
  write: (group: Group, on: boolean) => void,
): BudgetedGroups<Group> {
  const groups = new Map<string, Group>()
  let enforcing = false

  function of(component: string): Group {
    const group = groups.get(component) ?? make(component)
    groups.set(component, group)
    return group
  }

  function settle(group: Group): void {
    const on = enforcing && group.cores !== null
    group.time.set(on)
    write(group, on)
  }

  return {
    of,
    find: (component) => groups.get(component),
    all: () => [...groups.values()],
    settle,
    release(component) {
      const group = groups.get(component)
      if (!group) return
      group.cores = null
      settle(group)
    },
    setBudget(component, cores) {
      const group = of(component)
      group.cores = cores
      settle(group)
    },
    enforce(on) {
      enforcing = on
      for (const group of groups.values()) settle(group)
    },
    stop() {
      enforcing = false
    },
  }
}
