import type { BudgetMeans } from './means.ts'
import { TreeAccount } from './tree-account.ts'

/** No budgets, only the meter (which reads 0 where there is no /proc). */
export function unbudgeted(): BudgetMeans {
  const accounts = new Map<string, TreeAccount>()
  return {
    name: 'none',
    periodMs: null,
    add: (component, rootPid) => {
      const account = accounts.get(component) ?? new TreeAccount()
      accounts.set(component, account)
      account.attach(rootPid)
    },
    release: (component) => accounts.get(component)?.detach(),
    setBudget: () => {},
    enforce: () => {},
    exempt: (component, pid) => accounts.get(component)?.exempt(pid),
    members: (component) => accounts.get(component)?.members() ?? [],
    read: (component) => {
      const account = accounts.get(component)
      account?.scan()
      return { usedUs: (account?.usedNs ?? 0) / 1000, throttledUs: 0, enforcedUs: 0 }
    },
    cgroups: () => [],
    close: () => {
      for (const account of accounts.values()) account.detach()
    },
  }
}
