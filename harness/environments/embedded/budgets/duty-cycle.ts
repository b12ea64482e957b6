import { signalProcess } from '../../process-tree.ts'
import type { BudgetMeans } from './means.ts'
import { hasSchedstat, TreeAccount } from './tree-account.ts'

/** Measured to bind within 3 % (field notes §7): look every 2 ms, deal the budget out over 10 ms. */
const TICK_MS = 2
const PERIOD_MS = 10
const SCAN_EVERY_MS = 50
/** Stopping takes effect a moment after the signal: the readings right after it still find CPU time. */
const READS_AFTER_STOP = 2

type Group = {
  readonly account: TreeAccount
  cores: number | null
  attached: boolean
  /** Budget in hand, ns of CPU; negative: overspent. */
  tokensNs: number
  stopped: boolean
  /** Stands still for another reason than its budget: neither continued nor accounted as throttled. */
  held: boolean
  readsLeft: number
  throttledNs: number
  enforcedNs: number
}

/**
 * Budgets without any rights: a token bucket per component, SIGSTOP to all of it when the bucket is empty, SIGCONT
 * when half a period's budget is back. One loop serves all components. A string says why there is none here.
 */
export function dutyCycle(): BudgetMeans | string {
  if (process.platform !== 'linux') return 'a duty cycle needs the /proc of Linux'
  if (!hasSchedstat()) return 'this kernel has no /proc/PID/schedstat to go by'
  const groups = new Map<string, Group>()
  let enforcing = false
  let lastNs = nowNs()
  let lastScanNs = 0

  const groupOf = (component: string): Group => {
    const known = groups.get(component)
    if (known) return known
    const group: Group = {
      account: new TreeAccount(),
      cores: null,
      attached: false,
      tokensNs: 0,
      stopped: false,
      held: false,
      readsLeft: 0,
      throttledNs: 0,
      enforcedNs: 0,
    }
    groups.set(component, group)
    return group
  }

  const stop = (group: Group): void => {
    group.stopped = true
    group.readsLeft = READS_AFTER_STOP
    for (const pid of group.account.pids()) signalProcess(pid, 'SIGSTOP')
  }
  const thaw = (group: Group): void => {
    if (!group.stopped) return
    group.stopped = false
    if (group.held) return
    for (const pid of group.account.pids()) signalProcess(pid, 'SIGCONT')
  }

  const govern = (group: Group, elapsedNs: number, spentNs: number): void => {
    if (!enforcing || group.cores === null || group.held) return
    const periodBudgetNs = group.cores * PERIOD_MS * 1e6
    group.enforcedNs += elapsedNs
    if (group.stopped) group.throttledNs += elapsedNs
    group.tokensNs = Math.min(periodBudgetNs, group.tokensNs + group.cores * elapsedNs) - spentNs
    if (group.tokensNs <= 0 && !group.stopped) stop(group)
    else if (group.stopped && group.tokensNs >= periodBudgetNs / 2) thaw(group)
  }

  const tick = (): void => {
    const atNs = nowNs()
    const elapsedNs = atNs - lastNs
    lastNs = atNs
    const scanning = atNs - lastScanNs >= SCAN_EVERY_MS * 1e6
    if (scanning) lastScanNs = atNs
    if (!enforcing && !scanning) return
    for (const group of groups.values()) {
      if (!group.attached) continue
      let spentNs = 0
      if (!group.stopped || group.readsLeft-- > 0) spentNs = group.account.read()
      if (scanning) {
        const { found, deltaNs } = group.account.scan()
        spentNs += deltaNs
        if (group.stopped || group.held) for (const pid of found) signalProcess(pid, 'SIGSTOP')
      }
      govern(group, elapsedNs, spentNs)
    }
  }
  let timer = setInterval(tick, SCAN_EVERY_MS)

  return {
    name: 'duty-cycle',
    periodMs: PERIOD_MS,
    add: (component, rootPid) => {
      const group = groupOf(component)
      group.account.attach(rootPid)
      group.attached = true
    },
    release: (component) => {
      const group = groups.get(component)
      if (!group) return
      group.held = false
      thaw(group)
      group.account.detach()
      group.attached = false
      group.cores = null
    },
    hold: (component, held) => {
      const group = groupOf(component)
      group.held = held
      // Whoever held it continues all of it: it begins anew, with nothing in hand and nothing owed.
      group.stopped = false
      group.tokensNs = 0
    },
    setBudget: (component, cores) => {
      groupOf(component).cores = cores
    },
    enforce: (on) => {
      enforcing = on
      clearInterval(timer)
      timer = setInterval(tick, on ? TICK_MS : SCAN_EVERY_MS)
      lastNs = nowNs()
      for (const group of groups.values()) {
        // What was used before the switch is not held against the budget.
        group.account.read()
        group.tokensNs = 0
        if (!on) thaw(group)
      }
    },
    exempt: (component, pid) => {
      const group = groupOf(component)
      group.account.exempt(pid)
      if (group.stopped && !group.held) signalProcess(pid, 'SIGCONT')
    },
    members: (component) => groupOf(component).account.members(),
    read: (component) => {
      const { account, throttledNs, enforcedNs } = groupOf(component)
      return { usedUs: account.usedNs / 1000, throttledUs: throttledNs / 1000, enforcedUs: enforcedNs / 1000 }
    },
    cgroups: () => [],
    close: () => {
      clearInterval(timer)
      enforcing = false
      for (const group of groups.values()) {
        thaw(group)
        group.account.detach()
      }
    },
  }
}

function nowNs(): number {
  return Number(process.hrtime.bigint())
}
