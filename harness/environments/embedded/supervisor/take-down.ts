import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CleanUpList } from './clean-up-list.ts'
import { isRunning, type ProcessRef, processRef, signalProcess, treeOf } from './process-tree.ts'

/** Time the processes get to end by themselves before they are killed. */
const GRACE_MS = 1500
const POLL_MS = 15

/**
 * Thaws and ends every process on the list with all it started, then removes control groups, files and the folder.
 * Takes at most about 3 s; nothing that is already gone is an error.
 */
export async function takeDown(list: CleanUpList, folder: string): Promise<void> {
  lift(list.cgroups)
  const roots = list.processes.filter(isRunning)
  const members = collect(roots, list.cgroups)
  for (const { pid } of members) signalProcess(pid, 'SIGCONT')
  for (const root of roots) signalGroup(root.pid, root.endWith)
  await ended(members, GRACE_MS)
  const stragglers = [...members, ...collect(roots.filter(isRunning), list.cgroups)].filter(isRunning)
  for (const { pid } of stragglers) signalProcess(pid, 'SIGKILL')
  await ended(stragglers, 1000)
  removeSystemSharedMemory(folder)
  for (const path of list.files) rmSync(path, { force: true })
  await removeControlGroups(list.cgroups)
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
    try {
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), '-1')
    } catch {
      // Not a cpu group, or gone.
    }
  }
}

async function ended(refs: readonly ProcessRef[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (refs.some(isRunning) && performance.now() < deadline) await sleep(POLL_MS)
}

/** A Postgres that was killed leaves its System V segment; line 7 of postmaster.pid names it ("key id"). */
function removeSystemSharedMemory(folder: string): void {
  for (const dataFolder of dataFolders(folder)) {
    try {
      const segment = readFileSync(join(dataFolder, 'postmaster.pid'), 'latin1').split('\n')[6]
      const id = segment?.trim().split(/\s+/)[1]
      if (id && /^\d+$/.test(id)) execFileSync('ipcrm', ['-m', id], { stdio: 'ignore' })
    } catch {
      // It ended in order, or `ipcrm` is absent: the segment is 56 bytes and goes with the next boot.
    }
  }
}

/** Of the primary and of every replica (`postgres/replica.ts`). */
function dataFolders(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => /^data(-[\w-]+)?$/.test(name))
    return names.map((name) => join(folder, name))
  } catch {
    return []
  }
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
