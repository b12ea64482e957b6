import { readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../../process-tree.ts'

/** Ids of the processes in a control group. */
export function pidsIn(folder: string): readonly number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number)
}

/** Moves a process into each of these groups; one that ended meanwhile is no error. */
export function movePid(pid: number, folders: readonly string[]): void {
  for (const folder of new Set(folders)) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), String(pid))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Moves a process and everything it has started; twice, for a child that is forked meanwhile. */
export function moveTree(rootPid: number, folders: readonly string[]): void {
  for (let pass = 0; pass < 2; pass++) for (const pid of treeOf(rootPid)) movePid(pid, folders)
}

/** A line "name count" of a group's file; 0 when it is not there. */
export function countIn(path: string, name: string): number {
  try {
    const line = readFileSync(path, 'latin1')
      .split('\n')
      .find((text) => text.startsWith(`${name} `))
    return Number(line?.slice(name.length + 1) ?? 0)
  } catch {
    return 0
  }
}

/** Names that a group's file lists; none when it is not there. */
export function wordsIn(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split(/\s+/).filter(Boolean)
  } catch {
    return []
  }
}

export function removeQuietly(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Never made, or still busy: the clean-up list has it.
  }
}

/** "EACCES", for a sentence that says why something could not be done. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
