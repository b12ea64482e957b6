import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandOf, parentsOf, treeOf } from '../../process-tree.ts'
import { codeOf, movePid, pidsIn, removeQuietly, wordsIn } from './group-files.ts'
import type { MovedAside } from './means.ts'
import { moveBack } from './move-back.ts'
import type { TreeV2 } from './tree-v2.ts'

/** A group of ours in which groups with a controller can be made. */
export type Subtree = {
  readonly parent: string
  /** Where a process goes that is to be in none of them. */
  readonly outside: string
  readonly movedAside: MovedAside | null
  close(): void
}

type Ask = {
  readonly place: TreeV2
  readonly run: string
  readonly controller: string
  readonly harnessPid: number
}

/**
 * Makes `doorbuster-<run>` below the top of the tree, where that may be written (root), else below the group this
 * process is in, where that was handed to us. Version 2 allows no processes in a group that hands a controller down, so
 * that ours move aside then, into a group beside it; never anybody else's. A string says why it cannot be done.
 */
export function openSubtree(ask: Ask): Subtree | string {
  const { mount, own } = ask.place
  const home = own === '/' ? mount : join(mount, own)
  if (own !== '/' && handsDown(mount, ask.controller)) {
    const atTop = makeParent(mount, ask, home, null)
    if (typeof atTop !== 'string') return atTop
  }
  const offered = wordsIn(join(home, 'cgroup.controllers'))
  if (!offered.includes(ask.controller))
    return `${home} has no ${ask.controller} controller (${offered.length > 0 ? `only ${offered.join(', ')}` : 'none at all'})`
  // Only the very top of a system has no type: it may hold processes and hand controllers down.
  const isTop = !existsSync(join(home, 'cgroup.type'))
  if (handsDown(home, ask.controller) || isTop) {
    const handed = handDown(home, ask.controller)
    return handed === true ? makeParent(home, ask, home, null) : handed
  }
  return besideUs(home, ask)
}

/** Our own processes leave `home` for a group inside it, so that it can hand the controller down. */
function besideUs(home: string, ask: Ask): Subtree | string {
  const { harnessPid, run, controller } = ask
  const ours = new Set([...treeOf(harnessPid), ...treeOf(process.pid), ...parentsOf(harnessPid)])
  const stranger = pidsIn(home).find((pid) => !ours.has(pid))
  if (stranger !== undefined)
    return `${home} holds processes that are not ours (${stranger}, ${commandOf(stranger) ?? 'from elsewhere'}): start it in a group of its own (systemd-run --user --scope -p Delegate=yes …)`
  const aside: MovedAside = { from: home, to: join(home, `doorbuster-${run}-own`) }
  try {
    mkdirSync(aside.to)
  } catch (error) {
    return `no group can be made in ${home} (${codeOf(error)})`
  }
  try {
    // Twice, for a child that is forked meanwhile.
    for (let pass = 0; pass < 2; pass++) for (const pid of pidsIn(home)) movePid(pid, [aside.to])
  } catch (error) {
    moveBack(aside)
    return `our own processes cannot be moved within ${home} (${codeOf(error)})`
  }
  const handed = handDown(home, controller)
  const subtree = handed === true ? makeParent(home, ask, aside.to, aside) : handed
  if (typeof subtree === 'string') moveBack(aside)
  return subtree
}

function makeParent(
  home: string,
  { run, controller }: Ask,
  outside: string,
  movedAside: MovedAside | null,
): Subtree | string {
  const parent = join(home, `doorbuster-${run}`)
  try {
    mkdirSync(parent, { recursive: true })
  } catch (error) {
    return `no group can be made in ${home} (${codeOf(error)})`
  }
  const handed = handDown(parent, controller)
  if (handed !== true) {
    removeQuietly(parent)
    return handed
  }
  return {
    parent,
    outside,
    movedAside,
    close: () => {
      removeQuietly(parent)
      if (movedAside) moveBack(movedAside)
    },
  }
}

/** `true`, or why a group cannot hand the controller to those inside it. */
function handDown(folder: string, controller: string): true | string {
  if (handsDown(folder, controller)) return true
  try {
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`)
    return true
  } catch (error) {
    const code = codeOf(error)
    const why = code === 'EBUSY' ? 'processes came into it meanwhile' : code
    return `${folder} cannot hand its ${controller} controller down (${why})`
  }
}

function handsDown(folder: string, controller: string): boolean {
  return wordsIn(join(folder, 'cgroup.subtree_control')).includes(controller)
}
