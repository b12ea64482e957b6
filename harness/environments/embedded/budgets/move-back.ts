import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { movePid, pidsIn, removeQuietly, wordsIn } from './group-files.ts'
import type { MovedAside } from './means.ts'

/** Puts the processes that were moved aside back where they were. What is already gone is no error. */
export function moveBack({ from, to }: MovedAside): void {
  try {
    // It held processes before, so that it handed nothing down.
    const control = join(from, 'cgroup.subtree_control')
    for (const controller of wordsIn(control)) writeFileSync(control, `-${controller}`)
  } catch {
    // Somebody else made groups in it meanwhile, which need it: then ours have to stay where they are.
  }
  try {
    for (let pass = 0; pass < 2; pass++) for (const pid of pidsIn(to)) movePid(pid, [from])
  } catch {
    // See above; they are in a group without any limit.
  }
  removeQuietly(to)
}
