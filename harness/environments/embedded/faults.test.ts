import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { Fault, FaultAct } from '../../core/faults/fault.ts'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import type { Injection, Running } from '../../ports.ts'
import { embeddedEnvironment } from './index.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftOf, tracesOf } from './testing/traces.ts'

// Each test starts processes and waits for them: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

const AT = { kind: 'share', share: 0.5 } as const
const fault = (act: FaultAct, forSec: number | null = 1): Fault => ({ at: AT, forSec, act })
const DELAY = fault({ kind: 'delay', target: 'database', byMs: 150 })

let running: Running
// The means that stops and continues processes itself, which a pause must get along with.
const forced = process.env['DOORBUSTER_BUDGETS']
const deaths: string[] = []
beforeAll(async () => {
  process.env['DOORBUSTER_BUDGETS'] = forced ?? 'duty-cycle'
  const topology = {
    ...DEFAULT_TOPOLOGY,
    app: { ...DEFAULT_TOPOLOGY.app, instances: 2, poolSize: 3 },
    database: { ...DEFAULT_TOPOLOGY.database, maxConnections: 20 },
  }
  const spec = { ...tinySpec({ topology }), faults: [DELAY] }
  running = await embeddedEnvironment().up(spec, () => {}, new AbortController().signal)
  running.onDeath(({ component }) => deaths.push(component))
})
afterAll(async () => {
  await running?.down()
  if (forced === undefined) delete process.env['DOORBUSTER_BUDGETS']
})
afterEach(() => expect(deaths).toEqual([]))

/** Does a fault that must be done, and gives what undoes it. */
async function inject(act: FaultAct, forSec: number | null = 1): Promise<() => Promise<void>> {
  const injection: Injection = await running.inject!(fault(act, forSec))
  if (!injection.done) throw new Error(injection.because)
  return () => injection.undo('goes-on')
}
const statusOf = (path: string, withinMs = 5000): Promise<number | string> =>
  fetch(`${running.url}${path}`, { signal: AbortSignal.timeout(withinMs) }).then(
    async (answer) => {
      await answer.text()
      return answer.status
    },
    (error: Error) => error.name,
  )
async function instances(): Promise<Set<unknown>> {
  const seen = new Set<unknown>()
  for (let round = 0; round < 10 && seen.size < 2; round++) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${running.url}/environment`).then((answer) => answer.json())),
    )
    for (const { instance } of answers as { instance: string }[]) seen.add(instance)
  }
  return seen
}
const okSoon = () => expect.poll(() => statusOf('/count'), { timeout: 10_000 }).toBe(200)
const pidsOf = (name: string) =>
  tracesOf(process.pid).list.processes.flatMap((listed) => (listed.name === name ? [listed.pid] : []))

test('a killed app server is gone, the other one serves, and it comes back at its address', async () => {
  expect([...(await instances())].sort()).toEqual(['app-1', 'app-2'])
  const before = running.endpoints.apps()
  const undo = await inject({ kind: 'kill', target: 'app-2' })
  await okSoon()
  expect(await instances()).toEqual(new Set(['app-1']))
  await undo()
  expect(running.endpoints.apps()).toEqual(before)
  await expect.poll(async () => (await instances()).size, { timeout: 15_000 }).toBe(2)
})

test('a killed database is gone with all its processes, and has what it had when it is back', async () => {
  const { n: before } = (await running.query('select n from counter'))[0] as { n: number }
  const [oldPid] = pidsOf('database')
  const undo = await inject({ kind: 'kill', target: 'database' })
  await expect(running.query('select 1')).rejects.toThrow()
  expect(await statusOf('/count')).not.toBe(200)
  await undo()
  expect(pidsOf('database')).not.toEqual([oldPid])
  expect(await running.query('select n from counter')).toEqual([{ n: before }])
  await okSoon()
})

test('a restarted balancer answers at the same address', async () => {
  const { url } = running
  const injection = await running.inject!(fault({ kind: 'restart', target: 'balancer' }, null))
  expect(injection).toMatchObject({ done: true, momentary: true })
  expect(running.url).toBe(url)
  await okSoon()
})

test('an app server and its database that were both killed come back in whatever order they are asked to', async () => {
  const undoDatabase = await inject({ kind: 'kill', target: 'database' })
  const undoApp = await inject({ kind: 'kill', target: 'app-1' })
  await Promise.all([undoApp(), undoDatabase()])
  await okSoon()
})

test('a database that is being started again is not stopped halfway: faults on it take their turns', async () => {
  const undo = await inject({ kind: 'kill', target: 'database' })
  const back = undo()
  const restarted = running.inject!(fault({ kind: 'restart', target: 'database' }, null))
  await back
  expect(await restarted).toMatchObject({ done: true, momentary: true })
  await okSoon()
})

test.skipIf(process.platform !== 'linux')(
  'a database that stands still answers nobody, budgets or not, and goes on where it was',
  async () => {
    await okSoon()
    await running.enforceBudgets(true)
    const undo = await inject({ kind: 'pause', target: 'database' })
    expect(await statusOf('/count', 1500)).toBe('TimeoutError')
    // Switching budgets lets go whatever they hold back, and nothing else.
    await running.enforceBudgets(false)
    expect(await statusOf('/count', 700)).toBe('TimeoutError')
    await undo()
    await okSoon()
    expect(await running.query('select 1 as one')).toEqual([{ one: 1 }])
  },
)

test.skipIf(process.platform !== 'linux')('a slowed component is held to its share', async () => {
  expect(await running.inject!(fault({ kind: 'slow', target: 'app-1', share: 0.2 }))).toMatchObject({
    done: false,
    because: expect.stringContaining('not enforced'),
  })
  await running.enforceBudgets(true)
  const budget = async () =>
    (await running.endpoints.meter()).find(({ component }) => component === 'app-1')?.budgetCores
  const before = (await budget())!
  const undo = await inject({ kind: 'slow', target: 'app-1', share: 0.2 })
  expect(await budget()).toBeCloseTo(before * 0.2)
  await undo()
  expect(await budget()).toBeCloseTo(before)
  await running.enforceBudgets(false)
})

test('answers of the database come later by the delay, and as before when it is undone', async () => {
  const takes = async () => {
    const startMs = performance.now()
    expect(await statusOf('/count')).toBe(200)
    return performance.now() - startMs
  }
  const least = async () => Math.min(await takes(), await takes(), await takes(), await takes())
  await okSoon()
  const before = await least()
  const undo = await inject(DELAY.act)
  // One statement, one answer: the least of four is later by one delay, however busy the machine is.
  expect(await least()).toBeGreaterThanOrEqual(150)
  await undo()
  expect(await least()).toBeLessThan(before + 150)
})

test('connections are broken once, or refused as long as it lasts', async () => {
  await okSoon()
  const [{ pids: before }] = (await running.query(
    `select count(*)::int as pids from pg_stat_activity where usename = 'shop'`,
  )) as unknown as [{ pids: number }]
  expect(before).toBeGreaterThan(0)
  await inject({ kind: 'drop', target: 'database', share: 1 }, null)
  await expect.poll(() => running.query(`select 1 from pg_stat_activity where usename = 'shop'`)).toEqual([])
  await okSoon()
  const undo = await inject({ kind: 'drop', target: 'database', share: 1 })
  for (let click = 0; click < 4; click++) expect(await statusOf('/count')).toBe(500)
  await undo()
  await okSoon()
})

test('connections that others have taken are refused to the app, and are there again afterwards', async () => {
  // Whatever the app holds of its own is taken from it first: new ones must be what it lacks.
  const undo = await inject({ kind: 'fill-connections', target: 'database', leaving: 0 })
  await inject({ kind: 'drop', target: 'database', share: 1 }, null)
  await expect
    .poll(() =>
      running.query(`select 1 from pg_stat_activity where usename = 'shop' and application_name = ''`),
    )
    .toEqual([])
  const more = await inject({ kind: 'fill-connections', target: 'database', leaving: 0 })
  const refused = await fetch(`${running.url}/count`)
  expect([refused.status, await refused.text()]).toEqual([
    500,
    expect.stringMatching(/connection slots|too many clients/),
  ])
  await more()
  await undo()
  await okSoon()
})

test('what does not run here is not done, and says why', async () => {
  for (const act of [
    { kind: 'kill', target: 'app-3' },
    { kind: 'pause', target: 'redis' },
    { kind: 'pause-replay', target: 'replica-1' },
  ] as const) {
    expect(await running.inject!(fault(act))).toEqual({ done: false, because: `no ${act.target} runs here` })
  }
})

test('nothing is left when faults are in force', async () => {
  await inject({ kind: 'fill-connections', target: 'database', leaving: 2 })
  await inject({ kind: 'kill', target: 'app-2' })
  await inject({ kind: 'pause', target: 'database' })
  const traces = tracesOf(process.pid)
  await running.down()
  expect(leftOf(traces)).toEqual([])
})
