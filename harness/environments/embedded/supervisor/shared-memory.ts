import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files of shared memory that these processes of a Postgres use. A server that is killed cannot remove them itself. */
export function sharedMemoryOf(pids: readonly number[]): readonly string[] {
  return [...new Set(pids.flatMap(mappedBy))]
}

/** Removes the System V segments of servers in the run's folder that were killed. */
export function removeSystemSharedMemory(folder: string): void {
  for (const dataFolder of dataFolders(folder)) removeSegments(dataFolder)
}

/** Removes what a server that was killed has left; to be asked for before its data goes. */
export function removeSegments(dataFolder: string): void {
  for (const id of segmentsOf(dataFolder)) {
    try {
      execFileSync('ipcrm', ['-m', id], { stdio: 'ignore' })
    } catch {
      // `ipcrm` is absent: the segment is 56 bytes and goes with the next boot.
    }
  }
}

/** Ids of the segments that are still there. */
export function segmentsOf(dataFolder: string): readonly string[] {
  return [...new Set([...noted(dataFolder), ...keyed(dataFolder)])]
}

function mappedBy(pid: number): readonly string[] {
  const maps = `/proc/${pid}/maps`
  if (!existsSync(maps)) return []
  try {
    return readFileSync(maps, 'latin1').match(/\/dev\/shm\/PostgreSQL\.\d+/g) ?? []
  } catch {
    return []
  }
}

/** Line 7 of postmaster.pid names it ("key id"); a server that ended in order has removed the file. */
function noted(dataFolder: string): readonly string[] {
  try {
    const segment = readFileSync(join(dataFolder, 'postmaster.pid'), 'latin1').split('\n')[6]
    const id = segment?.trim().split(/\s+/)[1]
    return id && /^\d+$/.test(id) ? [id] : []
  } catch {
    return []
  }
}

/**
 * The key is the inode number of the data folder (src/backend/port/sysv_shmem.c). Lines of /proc/sysvipc/shm begin with
 * key, id, mode, size, pids of maker and last user, number of users: one that is used is another server's.
 */
function keyed(dataFolder: string): readonly string[] {
  try {
    const inode = String(statSync(dataFolder).ino)
    return readFileSync('/proc/sysvipc/shm', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([key, , , , , , users]) => key === inode && users === '0')
      .map(([, id]) => id!)
  } catch {
    return []
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
