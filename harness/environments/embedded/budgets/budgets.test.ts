import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { isRunning, processRef, signalProcess, statFields, treeOf } from '../../process-tree.ts'
import { probeBinding } from './bind-probe.ts'
import { candidateMeans } from './candidates.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { cgroupV2 } from './cgroup-v2.ts'
import { chooseBinding, MeansChoice } from './choose.ts'
import { dutyCycle } from './duty-cycle.ts'
import type { BudgetMeans } from './means.ts'
import { systemdScope } from './systemd-scope.ts'
import { unbudgeted } from './unbudgeted.ts'

const RUN = `test-${process.pid}`
const MEANS: Readonly<Record<string, () => BudgetMeans | string>> = {
  'cgroup-v2': () => cgroupV2(RUN, process.pid),
  'cgroup-v1': () => cgroupV1(RUN),
  'systemd-scope': () => systemdScope(RUN),
  'duty-cycle': dutyCycle,
}
const unavailable = (): string => 'it is not here'

/** A shell with three busy loops below it: a component that is a tree of processes. */
const THREE_BUSY = `for i in 1 2 3; do ${process.execPath} -e 'end = Date.now() + 30_000; while (Date.now() < end);' & done; wait`

let means: BudgetMeans | null = null
const children: ChildProcess[] = []
afterEach(() => {
  for (const { pid } of children.splice(0)) {
    // Each tree is a process group of its own: none of it can be missed, whatever the test came to.
    signalProcess(-pid!, 'SIGKILL')
  }
  means?.close()
  means = null
})
function shell(script: string): number {
  const child = spawn('sh', ['-c', script], { stdio: 'ignore', detached: true })
  children.push(child)
  return child.pid!
}
const busyTree = (): number => shell(THREE_BUSY)
/** Cores a component uses, by the means' own meter. */
async function cores(of: BudgetMeans, component: string, overMs: number): Promise<number> {
  const from = { us: of.read(component).usedUs, ms: performance.now() }
  await sleep(overMs)
  return (of.read(component).usedUs - from.us) / 1000 / (performance.now() - from.ms)
}

describe.each(Object.entries(MEANS))('%s', (name, make) => {
  const made = make()
  const available = typeof made !== 'string'
  if (available) made.close()
  const open = (): BudgetMeans => {
    const opened = make()
    if (typeof opened === 'string') throw new Error(opened)
    means = opened
    return opened
  }

  // The measurement is of a second on a machine that others may use: a disturbed one is repeated.
  test.skipIf(!available)('holds a busy loop at its budget', { retry: 2, timeout: 20_000 }, async () => {
    expect(await probeBinding(open(), () => {})).toMatchObject({ binds: true })
  })

  test.skipIf(!available)(
    'holds a tree of processes at one budget and counts what it used',
    { retry: 2 },
    async () => {
      const means = open()
      means.setBudget('tree', 0.4)
      means.add('tree', busyTree())
      means.enforce(true)
      await sleep(300)
      const before = means.read('tree')
      const used = await cores(means, 'tree', 1000)
      expect(used).toBeLessThan(0.4 * 1.1)
      expect(used).toBeGreaterThan(0.05)
      const { throttledUs, enforcedUs } = means.read('tree')
      expect(throttledUs - before.throttledUs).toBeGreaterThan(20_000)
      expect(throttledUs).toBeLessThanOrEqual(enforcedUs)
    },
  )

  test.skipIf(!available)('lets go again: budgets off, nothing stays stopped', { retry: 2 }, async () => {
    const means = open()
    const root = busyTree()
    means.setBudget('tree', 0.05)
    means.add('tree', root)
    means.enforce(true)
    await sleep(300)
    means.enforce(false)
    expect(treeOf(root).map((pid) => statFields(pid)?.[0])).not.toContain('T')
    expect(await cores(means, 'tree', 500)).toBeGreaterThan(0.06)
    expect(treeOf(root)).toHaveLength(4)
  })

  test.skipIf(!available)('an exempt process is neither held back nor counted', { retry: 2 }, async () => {
    const means = open()
    const root = busyTree()
    await expect.poll(() => treeOf(root).length).toBe(4)
    means.setBudget('tree', 0.2)
    means.add('tree', root)
    for (const pid of treeOf(root).slice(1)) means.exempt('tree', pid)
    means.enforce(true)
    await sleep(200)
    expect(await cores(means, 'tree', 500)).toBeLessThan(0.02)
    expect(treeOf(root).map((pid) => statFields(pid)?.[0])).not.toContain('T')
    expect(name).toBe(means.name)
  })
})

describe.skipIf(process.platform !== 'linux')('the meter', () => {
  test('counts children that came and went between two readings', { timeout: 30_000 }, async () => {
    const loop = `i=0; while [ $i -lt 4 ]; do ${process.execPath} -e 0; i=$((i+1)); done; exec sleep 60`
    const pid = shell(loop)
    means = unbudgeted()
    means.add('short-lived', pid)
    await expect.poll(() => commandOf(pid), { timeout: 20_000, interval: 50 }).toBe('(sleep)')
    // Four starts of Node.js cost far more than 100 ms of CPU; none of them was there at a reading.
    expect(means.read('short-lived').usedUs).toBeGreaterThan(100_000)
  })

  test('never goes backwards when a process ends or a root is replaced', async () => {
    means = unbudgeted()
    means.add('tree', busyTree())
    await sleep(300)
    const first = means.read('tree').usedUs
    const root = processRef(children[0]!.pid!)
    signalProcess(-root.pid, 'SIGKILL')
    await expect.poll(() => isRunning(root)).toBe(false)
    const second = means.read('tree').usedUs
    means.add('tree', busyTree())
    expect(second).toBeGreaterThanOrEqual(first)
    expect(means.read('tree').usedUs).toBeGreaterThanOrEqual(second)
    expect(first).toBeGreaterThan(0)
  })
})

describe('the choice', () => {
  const pretender = (): BudgetMeans => ({ ...unbudgeted(), name: 'cgroup-v1', periodMs: 10 })
  const parts = { budgets: new Map<string, number>(), adopt: () => {} } as const

  test('a means that does not bind is passed over, and nothing binding is said to bind', async () => {
    let replaced = 0
    const choice = new MeansChoice([
      { name: 'cgroup-v2', make: unavailable },
      { name: 'cgroup-v1', make: pretender },
      { name: 'duty-cycle', make: unavailable },
    ])
    expect(choice.current.name).toBe('cgroup-v1')
    const isolation = await chooseBinding(choice, { ...parts, replaced: () => replaced++ })
    expect(isolation).toEqual({
      means: 'none',
      bindsWithin: null,
      periodMs: null,
      passedOver: [
        { means: 'cgroup-v2', because: 'it is not here' },
        { means: 'cgroup-v1', because: expect.stringContaining('did not show that it holds back') },
        { means: 'duty-cycle', because: 'it is not here' },
      ],
    })
    expect(choice.current.name).toBe('none')
    expect(replaced).toBe(1)
  }, 20_000)

  test('one that is not here or cannot stand for these budgets is not probed; one that fails says how', async () => {
    const probed: number[] = []
    const failing: BudgetMeans = {
      ...pretender(),
      setBudget: () => {
        throw new Error('EACCES: permission denied')
      },
    }
    const choice = new MeansChoice([
      { name: 'cgroup-v2', make: unavailable },
      { name: 'cgroup-v1', make: () => failing },
      {
        name: 'affinity',
        make: () => ({ ...pretender(), name: 'affinity', canStandFor: () => 'only whole cores' }),
      },
    ])
    const adopt = (pid: number): void => void probed.push(pid)
    const isolation = await chooseBinding(choice, { ...parts, adopt, replaced: () => {} })
    expect(isolation.passedOver).toEqual([
      { means: 'cgroup-v2', because: 'it is not here' },
      { means: 'cgroup-v1', because: 'it failed: EACCES: permission denied' },
      { means: 'affinity', because: 'only whole cores' },
    ])
    expect(probed).toHaveLength(1)
  })

  test('every means is tried, the one that imitates a smaller server best first; a forced one alone', () => {
    const names = (forced?: string) => candidateMeans(RUN, process.pid, forced).map(({ name }) => name)
    expect(names()).toEqual(['cgroup-v2', 'cgroup-v1', 'systemd-scope', 'duty-cycle', 'affinity'])
    expect(names('duty-cycle')).toEqual(['duty-cycle'])
    expect(new MeansChoice(candidateMeans(RUN, process.pid, 'none')).isolation()).toEqual({
      means: 'none',
      bindsWithin: null,
      periodMs: null,
    })
  })
})

function commandOf(pid: number): string | undefined {
  return readStat(pid)?.match(/\(.*\)/)?.[0]
}
function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
}
