import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../../process-tree.ts'
import { bandwidthOf, PERIOD_US } from './bandwidth.ts'
import { EnforcedTime } from './enforced-time.ts'
import { countIn, pidsIn } from './group-files.ts'
import type { BudgetMeans } from './means.ts'
import { mountOf } from './mount-of.ts'
import { TreeAccount } from './tree-account.ts'
import { treeV2 } from './tree-v2.ts'
import { callManager, isManagerThere } from './user-manager.ts'

/** The largest value there is: what systemd calls "infinity". */
const NO_QUOTA = String(2n ** 64n - 1n)
/** systemd answers before it has moved the processes. */
const MOVED_WITHIN_MS = 1000
const LOOK_EVERY_MS = 5

type Scope = {
  readonly unit: string
  readonly account: TreeAccount
  readonly time: EnforcedTime
  /** Folder with its cpu.stat; `null`: it holds nothing yet, or none can be seen. */
  folder: string | null
  running: boolean
  cores: number | null
  /** Quota that was asked for last, µs per second. */
  asked: string
}

/**
 * Budgets by this user's systemd: one transient scope a component, as `systemd-run --user --scope -p CPUQuota=… -p
 * CPUQuotaPeriodSec=10ms` makes it, but around processes that run already; the quota is a property that is set while they
 * run. The CPU used is read from /proc. A string says why there is none here.
 */
export function systemdScope(run: string): BudgetMeans | string {
  if (process.platform !== 'linux') return 'systemd is for Linux'
  const there = isManagerThere()
  if (there !== true) return there
  const scopes = new Map<string, Scope>()
  const apart = `doorbuster-${run}-apart.scope`
  let enforcing = false

  const scopeOf = (component: string): Scope => {
    const known = scopes.get(component)
    if (known) return known
    const scope: Scope = {
      unit: `doorbuster-${run}-${component}.scope`,
      account: new TreeAccount(),
      time: new EnforcedTime(0),
      folder: null,
      running: false,
      cores: null,
      asked: NO_QUOTA,
    }
    scopes.set(component, scope)
    return scope
  }

  const settle = (scope: Scope): void => {
    const on = enforcing && scope.cores !== null && scope.running
    scope.time.set(on)
    if (!scope.running) return
    const { quotaUs, periodUs } = bandwidthOf(scope.cores ?? 1)
    const wanted = on ? String(Math.round((quotaUs / periodUs) * 1e6)) : NO_QUOTA
    if (scope.asked === wanted) return
    scope.asked = wanted
    const quota = ['CPUQuotaPerSecUSec', 't', wanted, 'CPUQuotaPeriodUSec', 't', String(periodUs)]
    callManager('SetUnitProperties', 'sba(sv)', scope.unit, 'true', '2', ...quota)
  }

  return {
    name: 'systemd-scope',
    periodMs: PERIOD_US / 1000,
    add: (component, rootPid) => {
      const scope = scopeOf(component)
      scope.account.attach(rootPid)
      startScope(scope.unit, treeOf(rootPid))
      // Those that were forked meanwhile; whoever is in it already stays.
      attachTo(scope.unit, treeOf(rootPid))
      waitUntilIn(scope.unit, rootPid)
      scope.folder = cpuFolderOf(rootPid)
      scope.running = true
      scope.asked = NO_QUOTA
      settle(scope)
    },
    release: (component) => {
      const scope = scopes.get(component)
      if (!scope) return
      scope.account.scan()
      scope.time.read(throttledUs(scope))
      scope.cores = null
      // Of one that has ended there is no scope any more.
      if (scope.account.members().length > 0) settle(scope)
      scope.running = false
      scope.time.set(false)
      scope.account.detach()
    },
    setBudget: (component, cores) => {
      const scope = scopeOf(component)
      scope.cores = cores
      settle(scope)
    },
    enforce: (on) => {
      enforcing = on
      for (const scope of scopes.values()) settle(scope)
    },
    exempt: (component, pid) => {
      scopeOf(component).account.exempt(pid)
      try {
        attachTo(apart, [pid])
      } catch {
        startScope(apart, [pid])
      }
    },
    members: (component) => {
      const { folder, account } = scopeOf(component)
      // Whoever was forked since the account was read last is only in the group.
      return [...new Set([...account.members(), ...membersOf(folder)])]
    },
    read: (component) => {
      const scope = scopeOf(component)
      scope.account.scan()
      return { usedUs: scope.account.usedNs / 1000, ...scope.time.read(throttledUs(scope)) }
    },
    // A scope goes with its last process.
    cgroups: () => [],
    close: () => {
      enforcing = false
      for (const scope of scopes.values()) {
        try {
          if (scope.account.members().length > 0) settle(scope)
        } catch {
          // It ended while it was looked at.
        }
        scope.account.detach()
      }
    },
  }
}

/** A scope that takes further processes later has to be a delegated one; it is gone with its last process. */
function startScope(unit: string, pids: readonly number[]): void {
  const properties = [
    ['PIDs', 'au', String(pids.length), ...pids.map(String)],
    ['Delegate', 'b', 'true'],
    ['CollectMode', 's', 'inactive-or-failed'],
  ]
  // "fail" says what becomes of a scope whose name is taken; the last 0: no further units.
  const call = [unit, 'fail', String(properties.length), ...properties.flat(), '0']
  callManager('StartTransientUnit', 'ssa(sv)a(sa(sv))', ...call)
}

function attachTo(unit: string, pids: readonly number[]): void {
  callManager('AttachProcessesToUnit', 'ssau', unit, '', String(pids.length), ...pids.map(String))
}

function waitUntilIn(unit: string, pid: number): void {
  const deadline = performance.now() + MOVED_WITHIN_MS
  while (!groupsOf(pid).includes(`/${unit}`)) {
    if (performance.now() > deadline) throw new Error(`systemd did not move process ${pid} into ${unit}`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS)
  }
}

function throttledUs({ folder }: Scope): number {
  if (folder === null) return 0
  const stat = join(folder, 'cpu.stat')
  return countIn(stat, 'throttled_usec') + countIn(stat, 'throttled_time') / 1000
}

function membersOf(folder: string | null): readonly number[] {
  try {
    return folder === null ? [] : pidsIn(folder)
  } catch {
    // It went with its last process.
    return []
  }
}

/** The group that the CPU of a process is dealt out to, of whichever version: the folder with its cpu.stat. */
function cpuFolderOf(pid: number): string | null {
  const lines = groupsOf(pid).split('\n')
  const v1 = mountOf('cpu')
  const inV1 = lines.find((line) => line.split(':')[1]?.split(',').includes('cpu'))
  if (v1 && inV1) return join(v1, inV1.split(':').slice(2).join(':'))
  const v2 = treeV2()
  const inV2 = lines.find((line) => line.startsWith('0::'))
  return typeof v2 === 'string' || !inV2 ? null : join(v2.mount, inV2.slice('0::'.length))
}

function groupsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'latin1')
  } catch {
    return ''
  }
}
