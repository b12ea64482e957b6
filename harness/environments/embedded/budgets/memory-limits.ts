import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MemoryReading, memoryOfV1 } from '../../memory-reading.ts'
import { treeOf } from '../../process-tree.ts'
import { mountOf } from './mount-of.ts'

/**
 * Memory limits by the controller of version 1: one group a component under `doorbuster-<run>`, with what it forks. Beyond
 * the limit the kernel takes back copies of files, then kills a process.
 */
export class MemoryLimits {
  readonly #parent: string | null
  readonly #groups = new Map<string, { readonly folder: string; limitBytes: number }>()

  constructor(run: string) {
    const root = mountOf('memory')
    this.#parent = root && join(root, `doorbuster-${run}`)
  }

  /** Holds a component, of which nothing has to run yet, to so much memory. Throws where that cannot be done. */
  limit(component: string, limitBytes: number): void {
    if (!this.#parent) throw new Error('there is no memory controller of version 1')
    const known = this.#groups.get(component)
    const folder = known?.folder ?? join(this.#parent, component)
    if (!known) mkdirSync(folder, { recursive: true })
    this.#groups.set(component, { folder, limitBytes })
    // Memory and swap together may never be less than memory alone: raised first, lowered last.
    const files = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'].filter((name) =>
      existsSync(join(folder, name)),
    )
    const raised = known !== undefined && limitBytes > known.limitBytes
    for (const name of raised ? files.toReversed() : files)
      writeFileSync(join(folder, name), String(limitBytes))
  }

  /** Puts a component's process and all it has started under its limit; what they have taken before is not counted. */
  add(component: string, rootPid: number): void {
    const group = this.#groups.get(component)
    if (!group) return
    // Twice, for a child that is forked meanwhile.
    for (let pass = 0; pass < 2; pass++)
      for (const pid of treeOf(rootPid)) moveTo(join(group.folder, 'cgroup.procs'), pid)
  }

  /** `null`: the component has no limit. */
  read(component: string): MemoryReading | null {
    const group = this.#groups.get(component)
    if (!group) return null
    return memoryOfV1(group.folder, group.limitBytes)
  }

  /** Folders to remove at the end, inner ones first. */
  cgroups(): readonly string[] {
    if (this.#groups.size === 0 || !this.#parent) return []
    return [...[...this.#groups.values()].map(({ folder }) => folder), this.#parent]
  }
}

/** `true`, or why memory cannot be limited on this machine. */
export function canLimitMemory(): true | string {
  const root = mountOf('memory')
  if (!root) return 'this machine has no memory controller of cgroup v1 (its v2 is not used yet)'
  const trial = join(root, `doorbuster-trial-${process.pid}`)
  try {
    mkdirSync(trial)
    const counts = existsSync(join(trial, 'memory.limit_in_bytes'))
    rmdirSync(trial)
    return counts ? true : `${root} has no memory.limit_in_bytes`
  } catch (error) {
    return `${root} cannot be written (${(error as NodeJS.ErrnoException).code})`
  }
}

function moveTo(procs: string, pid: number): void {
  try {
    writeFileSync(procs, String(pid))
  } catch (error) {
    // ESRCH: it ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
