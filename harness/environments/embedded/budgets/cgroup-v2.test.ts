import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processRef, signalProcess } from '../../process-tree.ts'
import { readCleanUpList, writeCleanUpList } from '../supervisor/clean-up-list.ts'
import { takeDown } from '../supervisor/take-down.ts'
import { cgroupV2 } from './cgroup-v2.ts'
import { pidsIn } from './group-files.ts'
import type { BudgetMeans } from './means.ts'
import { openSubtree } from './subtree-v2.ts'
import { type TreeV2, treeV2 } from './tree-v2.ts'

/** Files as the kernel shows them, in a folder that is none of its: what is written there stays there. */
describe('the files it reads and writes', () => {
  let mount = ''
  let means: BudgetMeans | null = null
  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), 'tree-v2-'))
  })
  afterEach(() => {
    means = null
    rmSync(mount, { recursive: true, force: true })
  })
  const put = (group: string, files: Readonly<Record<string, string>>): void => {
    mkdirSync(join(mount, group), { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(mount, group, name), text)
  }
  const text = (path: string): string => readFileSync(join(mount, path), 'latin1')
  const open = (own: string): BudgetMeans => {
    const made = cgroupV2('r1', process.pid, { mount, own })
    if (typeof made === 'string') throw new Error(made)
    means = made
    return made
  }
  /** At the top of the tree, as root outside of any container. */
  const atTop = (): BudgetMeans => {
    put('', { 'cgroup.controllers': 'cpu memory\n', 'cgroup.subtree_control': 'cpu memory\n' })
    put('user.slice', { 'cgroup.procs': '' })
    return open('/user.slice')
  }

  test('a quota of the period that stands for a smaller server, and none while budgets are off', () => {
    const of = atTop()
    expect(text('doorbuster-r1/cgroup.subtree_control')).toBe('+cpu')
    of.setBudget('database', 0.3)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('max 10000')
    of.enforce(true)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('3000 10000')
    of.setBudget('database', 1.5)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('15000 10000')
    of.setBudget('database', 0.02)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('1000 50000')
    of.enforce(false)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('max 50000')
    expect(of.cgroups()).toEqual([join(mount, 'doorbuster-r1/database'), join(mount, 'doorbuster-r1')])
  })

  test('what has not changed is not written: each write fills the budget afresh', () => {
    const of = atTop()
    of.setBudget('database', 0.3)
    of.enforce(true)
    put('doorbuster-r1/database', { 'cpu.max': 'as the kernel has it' })
    of.setBudget('database', 0.3)
    of.enforce(true)
    expect(text('doorbuster-r1/database/cpu.max')).toBe('as the kernel has it')
  })

  test('reads what was used and held back, which never goes back nor beyond the time in force', async () => {
    const of = atTop()
    of.setBudget('database', 0.3)
    of.enforce(true)
    const stat = (usedUs: number, throttledUs: number): void =>
      put('doorbuster-r1/database', {
        'cpu.stat': `usage_usec ${usedUs}\nuser_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec ${throttledUs}\n`,
      })
    stat(2_000_000, 3_600_000_000)
    const first = of.read('database')
    expect(first.usedUs).toBe(2_000_000)
    expect(first.throttledUs).toBeGreaterThan(0)
    expect(first.throttledUs).toBeLessThanOrEqual(first.enforcedUs)
    expect(of.read('database').throttledUs).toBe(first.throttledUs)
    expect(means).toBe(of)
  })

  test('puts a process into its group, an exempt one back into ours', () => {
    const of = atTop()
    of.add('database', process.pid)
    expect(text('doorbuster-r1/database/cgroup.procs')).toBe(String(process.pid))
    of.exempt('database', process.pid)
    expect(text('user.slice/cgroup.procs')).toBe(String(process.pid))
  })

  test('says why there is none', () => {
    const why = (own: string) => cgroupV2('r1', process.pid, { mount, own })
    put('', { 'cgroup.controllers': 'hugetlb\n', 'cgroup.subtree_control': '' })
    put('own', { 'cgroup.controllers': '', 'cgroup.type': 'domain\n', 'cgroup.procs': '' })
    expect(why('/')).toBe(`${mount} has no cpu controller (only hugetlb)`)
    expect(why('/own')).toBe(`${join(mount, 'own')} has no cpu controller (none at all)`)
    put('own', { 'cgroup.controllers': 'cpu\n', 'cgroup.procs': `${process.pid}\n1\n` })
    put('own', { 'cgroup.procs': '0\n' })
    expect(why('/own')).toContain('holds processes that are not ours (0, from elsewhere)')
    expect(cgroupV2('r1', process.pid, 'no control groups of version 2 are mounted')).toBe(
      'no control groups of version 2 are mounted',
    )
  })

  test('a group that may not be written to', () => {
    put('', { 'cgroup.controllers': 'cpu\n', 'cgroup.subtree_control': 'cpu\n' })
    writeFileSync(join(mount, 'doorbuster-r1'), 'in the way')
    expect(cgroupV2('r1', process.pid, { mount, own: '/' })).toBe(`no group can be made in ${mount} (EEXIST)`)
  })
})

/**
 * The rules of the real kernel, with whichever controller its tree has: a process below a group made for the test plays
 * the harness, so that nobody else's process is moved.
 */
const tree = treeV2()
const controller = typeof tree === 'string' ? undefined : controllersOf(tree)[0]
describe.skipIf(typeof tree === 'string' || controller === undefined || !mayMake(tree))('the kernel', () => {
  const { mount } = tree as TreeV2
  const own = `/doorbuster-test-${process.pid}`
  const home = join(mount, own)
  const handedBefore = wordsOf(join(mount, 'cgroup.subtree_control')).includes(controller!)
  const hand = (sign: '+' | '-'): void =>
    writeFileSync(join(mount, 'cgroup.subtree_control'), `${sign}${controller}`)
  const children: ChildProcess[] = []
  beforeEach(() => {
    hand('+')
    mkdirSync(home)
  })
  afterEach(async () => {
    for (const { pid } of children.splice(0)) signalProcess(pid!, 'SIGKILL')
    const remove = (): boolean =>
      ['doorbuster-r1-own', 'doorbuster-r1', '.'].every((name) => removed(join(home, name)))
    await expect.poll(remove).toBe(true)
  })
  afterAll(() => {
    if (!handedBefore) hand('-')
  })
  const startIn = (folder: string): number => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' })
    children.push(child)
    writeFileSync(join(folder, 'cgroup.procs'), String(child.pid))
    return child.pid!
  }
  const subtreeOf = (harnessPid: number) =>
    openSubtree({ place: { mount, own }, run: 'r1', controller: controller!, harnessPid })
  /** The way of somebody who was handed a group: there is nothing above it. */
  const handedTo = (harnessPid: number) => ({
    place: { mount: home, own: '/' },
    run: 'r1',
    controller: controller!,
    harnessPid,
  })
  const moveAside = (harnessPid: number) => {
    const subtree = openSubtree(handedTo(harnessPid))
    if (typeof subtree === 'string') throw new Error(subtree)
    return subtree
  }

  test('root makes its groups at the top, and moves nothing', () => {
    const pid = startIn(home)
    const subtree = subtreeOf(pid)
    if (typeof subtree === 'string') throw new Error(subtree)
    expect(subtree).toMatchObject({ parent: join(mount, 'doorbuster-r1'), outside: home, movedAside: null })
    expect(pidsIn(home)).toEqual([pid])
    subtree.close()
    expect(existsSync(subtree.parent)).toBe(false)
  })

  test('who was handed a group moves aside in it, and back at the end', () => {
    const pid = startIn(home)
    const subtree = moveAside(pid)
    expect(pidsIn(home)).toEqual([])
    expect(pidsIn(subtree.outside)).toEqual([pid])
    expect(subtree.movedAside).toEqual({ from: home, to: subtree.outside })
    expect(wordsOf(join(home, 'cgroup.subtree_control'))).toContain(controller)
    mkdirSync(join(subtree.parent, 'database'))
    expect(wordsOf(join(subtree.parent, 'database', 'cgroup.controllers'))).toContain(controller)
    rmdirSync(join(subtree.parent, 'database'))
    subtree.close()
    expect(pidsIn(home)).toEqual([pid])
    expect(existsSync(subtree.outside)).toBe(false)
    expect(wordsOf(join(home, 'cgroup.subtree_control'))).toEqual([])
  })

  test("never moves somebody else's process", { timeout: 30_000 }, () => {
    const ours = startIn(home)
    const stranger = startIn(home)
    const module = JSON.stringify(new URL('subtree-v2.ts', import.meta.url).href)
    // In a process of its own: whatever this one has started would count as its.
    const script = `import { openSubtree } from ${module}
console.log(JSON.stringify(openSubtree(${JSON.stringify(handedTo(ours))})))`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    const said = execFileSync(process.execPath, args, { encoding: 'utf8' })
    expect(JSON.parse(said)).toContain(`not ours (${stranger}, sleep)`)
    expect(pidsIn(home).toSorted()).toEqual([ours, stranger].toSorted())
  })

  test('a killed run leaves word of whom it moved: whoever takes it down moves them back', async () => {
    const pid = startIn(home)
    const { parent, outside, movedAside } = moveAside(pid)
    const folder = mkdtempSync(join(tmpdir(), 'take-down-v2-'))
    const harness = processRef(process.pid)
    const list = { harness, supervisor: null, processes: [], cgroups: [parent], files: [] }
    writeCleanUpList(folder, { ...list, movedAside: movedAside! })
    await takeDown(readCleanUpList(folder)!, folder)
    expect(existsSync(parent)).toBe(false)
    expect(existsSync(outside)).toBe(false)
    // Neither ended nor left behind.
    expect(pidsIn(home)).toEqual([pid])
  })
})

test.skipIf(typeof tree === 'string' || controllersOf(tree).includes('cpu'))(
  'a tree without a cpu controller says so',
  () => {
    expect(cgroupV2('r1', process.pid)).toMatch(/ has no cpu controller \((only [\w, ]+|none at all)\)$/)
  },
)

function controllersOf(of: TreeV2 | string): readonly string[] {
  return typeof of === 'string' ? [] : wordsOf(join(of.mount, 'cgroup.controllers'))
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder)
  } catch {
    // Not there, or not empty yet.
  }
  return !existsSync(folder)
}

function wordsOf(path: string): readonly string[] {
  return readFileSync(path, 'latin1').split(/\s+/).filter(Boolean)
}

/** Whether groups can be made at the top of this machine's tree, and be handed its first controller. */
function mayMake(of: TreeV2 | string): boolean {
  if (typeof of === 'string') return false
  const control = join(of.mount, 'cgroup.subtree_control')
  const [first] = controllersOf(of)
  const trial = join(of.mount, `doorbuster-trial-${process.pid}`)
  try {
    mkdirSync(trial)
    rmdirSync(trial)
    if (wordsOf(control).includes(first!)) return true
    writeFileSync(control, `+${first}`)
    writeFileSync(control, `-${first}`)
    return true
  } catch {
    return false
  }
}
