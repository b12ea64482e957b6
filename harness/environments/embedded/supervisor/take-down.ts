import { existsSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, type ProcessRef, processRef, signalProcess, treeOf } from '../../process-tree.ts'
import { moveBack } from '../budgets/move-back.ts'
import type { CleanUpList } from './clean-up-list.ts'
import { removeSystemSharedMemory, sharedMemoryOf } from './shared-memory.ts'

/** Time the processes get to end by themselves before they are killed. */
const GRACE_MS = 1500
const POLL_MS = 15
/** In groups of version 1 and of version 2. */
const NO_QUOTA = [
  ['cpu.cfs_quota_us', '-1'],
  ['cpu.max', 'max'],
] as const

/**
 * Thaws and ends every process on the list with all it started, then removes control groups, files and the folder.
 * Takes at most about 3 s; nothing that is already gone is an error.
 */
export async function takeDown(list: CleanUpList, folder: string): Promise<void> {
  lift(list.cgroups)
  const roots = list.processes.filter(isRunning)
  const members = collect(roots, list.cgroups)
  // Made since it was last written down, and not removed by those that must be killed.
  const memory = sharedMemoryOf(members.map(({ pid }) => pid))
  for (const { pid } of members) signalProcess(pid, 'SIGCONT')
  for (const root of roots) signalGroup(root.pid, root.endWith)
  await ended(members, GRACE_MS)
  const stragglers = [...members, ...collect(roots.filter(isRunning), list.cgroups)].filter(isRunning)
  for (const { pid } of stragglers) signalProcess(pid, 'SIGKILL')
  await ended(stragglers, 1000)
  removeSystemSharedMemory(folder)
  for (const path of [...list.files, ...memory]) rmSync(path, { force: true })
  await removeControlGroups(list.cgroups)
  if (list.movedAside) moveBack(list.movedAside)
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Every process below the roots or inside the control groups. */
function collect(roots: readonly ProcessRef[], cgroups: readonly string[]): readonly ProcessRef[] {
  const pids = new Set(roots.flatMap(({ pid }) => treeOf(pid)))
  for (const folder of cgroups) for (const pid of membersOf(folder)) pids.add(pid)
  pids.delete(process.pid)
  return [...pids].map(processRef)
}

function membersOf(cgroup: string): readonly number[] {
  try {
    return readFileSync(join(cgroup, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** A component leads its own process group; a process that was only adopted may not. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    signalProcess(pid, signal)
  }
}

/** Takes quotas off, so that what is to end is not held back while it ends. */
function lift(cgroups: readonly string[]): void {
  for (const folder of cgroups) {
    for (const [file, none] of NO_QUOTA) {
      const path = join(folder, file)
      try {
        if (existsSync(path)) writeFileSync(path, none)
      } catch {
        // Gone meanwhile.
      }
    }
  }
}

async function ended(refs: readonly ProcessRef[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (refs.some(isRunning) && performance.now() < deadline) await sleep(POLL_MS)
}

/** The kernel lets go of a group a moment after its last process: EBUSY until then. */
async function removeControlGroups(cgroups: readonly string[]): Promise<void> {
  const deadline = performance.now() + 1000
  for (const folder of cgroups) {
    for (;;) {
      try {
        rmdirSync(folder)
        break
      } catch (error) {
        const busy = (error as NodeJS.ErrnoException).code === 'EBUSY'
        if (!busy || performance.now() > deadline) break
        await sleep(POLL_MS)
      }
    }
  }
}
