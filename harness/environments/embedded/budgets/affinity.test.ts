import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { signalProcess, threadsOf, treeOf } from '../../process-tree.ts'
import { affinity } from './affinity.ts'
import { probeBinding } from './bind-probe.ts'
import type { BudgetMeans } from './means.ts'

/** A shell with two programs below it that have threads of their own and wait. */
const WAITING = `for i in 1 2; do ${process.execPath} -e 'setTimeout(() => {}, 30_000)' & done; wait`

const NOTHING = { usedUs: 0, throttledUs: 0, enforcedUs: 0 }

const made = affinity()
const available = typeof made !== 'string'
if (available) made.close()

let means: BudgetMeans | null = null
const children: ChildProcess[] = []
afterEach(() => {
  for (const { pid } of children.splice(0)) signalProcess(-pid!, 'SIGKILL')
  means?.close()
  means = null
})
function open(): BudgetMeans {
  const opened = affinity()
  if (typeof opened === 'string') throw new Error(opened)
  means = opened
  return opened
}
async function waitingTree(): Promise<number> {
  const child = spawn('sh', ['-c', WAITING], { stdio: 'ignore', detached: true })
  children.push(child)
  await expect.poll(() => treeOf(child.pid!).length).toBe(3)
  return child.pid!
}
/** The cores that a process and its threads may run on: one list, or several where they differ. */
function coresOf(pid: number): string {
  const lists = threadsOf(pid).map((tid) => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1')
    return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)![1]!
  })
  return [...new Set(lists)].join(' and ')
}
const coresOfTree = (root: number): readonly string[] => [...new Set(treeOf(root).map(coresOf))]

describe.skipIf(!available)('affinity', () => {
  // The measurement is of a second on a machine that others may use: a disturbed one is repeated.
  test('holds two busy loops to one core', { retry: 2, timeout: 20_000 }, async () => {
    expect(await probeBinding(open(), () => {})).toMatchObject({ binds: true })
  })

  test('pins a tree with all its threads while budgets are on, and lets it go again', async () => {
    const before = coresOf(process.pid)
    const of = open()
    const root = await waitingTree()
    of.add('app-1', root)
    of.setBudget('app-1', 1)
    expect(coresOfTree(root)).toEqual([before])
    of.enforce(true)
    const [pinned] = coresOfTree(root)
    expect(coresOfTree(root)).toEqual([expect.stringMatching(/^\d+$/)])
    expect(pinned).not.toBe('0')
    const [exempt] = treeOf(root).slice(1)
    of.exempt('app-1', exempt!)
    expect(coresOf(exempt!)).toBe(before)
    of.enforce(false)
    expect(coresOfTree(root)).toEqual([before])
    of.enforce(true)
    of.release('app-1')
    expect(coresOfTree(root)).toEqual([before])
  })

  test('one that pins nothing is not shown to bind', { timeout: 20_000 }, async () => {
    const of = open()
    const pretender: BudgetMeans = { ...of, add: () => {}, setBudget: () => {}, read: () => NOTHING }
    expect(await probeBinding(pretender, () => {})).toMatchObject({ binds: false })
  })

  test('stands for whole cores only, and leaves one to the harness', () => {
    const of = open()
    const holds = (cores: Record<string, number>) => of.canStandFor!(new Map(Object.entries(cores)))
    expect(holds({ 'app-1': 1.05 })).toBe(true)
    expect(holds({ 'app-1': 1, database: 0.3 })).toBe(
      'it can only give whole cores, and database is to have 0.30',
    )
    expect(holds({ 'app-1': 1000 })).toContain('1000 with one for the harness are more than')
  })
})
