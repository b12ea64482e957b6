import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { FixStep } from '../../core/fixes/index.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import type { MeterReading, Running } from '../../ports.ts'
import { embeddedEnvironment } from './index.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftOf, tracesOf } from './testing/traces.ts'

// Each test starts whole environments: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

// Budgets that still fit two cores when both fixes are applied.
const BOTH: readonly FixStep[] = [
  { id: 'database.scale-up', step: 3 },
  { id: 'app.scale-out', step: 2 },
]

let running: Running
const progress: string[] = []
beforeAll(async () => {
  process.env['DOORBUSTER_TEST_SECRET'] = 'not for the app'
  const spec = tinySpec({ env: { EXTRA: 'given' } })
  running = await embeddedEnvironment().up(spec, (text) => progress.push(text), new AbortController().signal)
})
afterAll(() => running?.down())

async function get(path: string): Promise<{ n?: number; instance?: string; names?: string[] }> {
  const answer = await fetch(`${running.url}${path}`)
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { n?: number }
}
const countNow = async (): Promise<unknown> => (await running.query('select n from counter'))[0]?.['n']
const meterOf = async (component: string): Promise<MeterReading> =>
  (await running.endpoints.meter()).find((reading) => reading.component === component)!

test('a seeded shop answers behind the balancer', async () => {
  expect(await get('/count')).toEqual({ n: 1 })
  expect(running.topology).toEqual(DEFAULT_TOPOLOGY)
  expect(progress.join('; ')).toMatch(/Postgres.*seeding.*app server/)
})

test('the app gets what it needs from the environment and no secret of the caller', async () => {
  const { names, instance } = await get('/environment')
  expect(instance).toBe('app-1')
  expect(names).toEqual(
    expect.arrayContaining(['DATABASE_URL', 'PORT', 'HOST', 'POOL_SIZE', 'INSTANCE', 'EXTRA']),
  )
  expect(names).not.toContain('DOORBUSTER_TEST_SECRET')
})

test('probes find the database, with statement statistics, outside its budget', async () => {
  const rows = await running.query(
    'select count(*)::int as statements from pg_stat_statements where calls > 0',
  )
  expect(rows[0]?.['statements']).toBeGreaterThan(0)
  const settings = await running.query(
    `select name, setting from pg_settings where name in ('fsync', 'max_connections')`,
  )
  expect(settings).toContainEqual({ name: 'fsync', setting: 'on' })
  const database = running.endpoints.database()
  expect(database?.connectionString).toMatch(/^postgresql:\/\/postgres@127\.0\.0\.1:\d+\/shop$/)
  expect(running.endpoints.balancer()).toMatchObject({
    engine: 'embedded',
    statsUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/stats$/),
  })
})

test('restored data is the seeded data, and the app has found it', async () => {
  await get('/count')
  await running.restoreData()
  expect(await countNow()).toBe(0)
  expect(await get('/count')).toEqual({ n: 1 })
})

test('both fixes are applied and undone without a shopper noticing', async () => {
  const failures: unknown[] = []
  let shopping = true
  const shopper = (async () => {
    while (shopping) await get('/count').catch((error: unknown) => failures.push(error))
  })()
  await running.apply(BOTH)
  expect(running.endpoints.apps().map(({ component }) => component)).toEqual(['app-1', 'app-2'])
  expect(running.topology?.database.cpu).toBeCloseTo(0.6)
  const seen = new Set<string | undefined>()
  for (let clicks = 0; clicks < 50 && seen.size < 2; clicks++) {
    for (const { instance } of await Promise.all(Array.from({ length: 8 }, () => get('/environment'))))
      seen.add(instance)
  }
  expect([...seen].sort()).toEqual(['app-1', 'app-2'])
  await running.undo()
  expect(running.endpoints.apps().map(({ component }) => component)).toEqual(['app-1'])
  shopping = false
  await shopper
  expect(failures).toEqual([])
})

test('CPU is metered for every component and budgets bind once they are enforced', async () => {
  await running.enforceBudgets(true)
  expect(running.isolation.means).not.toBe('none')
  expect(running.isolation.bindsWithin).not.toBeNull()
  const before = await meterOf('app-1')
  await Promise.all(Array.from({ length: 3 }, () => get('/burn')))
  const after = await meterOf('app-1')
  const elapsedUs = after.atUs - before.atUs
  expect(after.budgetCores).toBe(0.3)
  // 0.6 s of work at 0.3 cores takes 2 s; a page that burns by the clock may use less, never more.
  expect((after.usedUs - before.usedUs) / elapsedUs).toBeLessThan(0.3 * 1.2)
  expect(after.throttledUs - before.throttledUs).toBeGreaterThan(0)
  expect((after.enforcedUs - before.enforcedUs) / elapsedUs).toBeCloseTo(1, 1)
  expect((await meterOf('database')).usedUs).toBeGreaterThan(0)
  await running.restoreData()
  expect(await countNow()).toBe(0)
  await running.enforceBudgets(false)
}, 60_000)

test('an app server that has no connection left to find the data with is started anew, and named', async () => {
  await get('/leak')
  expect(await running.restoreData()).toEqual(['app-1'])
  expect(await countNow()).toBe(0)
  expect(await running.restoreData()).toEqual([])
}, 60_000)

test('fixes that do not fit the machine are refused with the sum', async () => {
  const tooMuch: readonly FixStep[] = [{ id: 'database.scale-up', step: 1000 }]
  expect(running.can(BOTH)).toBe(true)
  expect(running.can(tooMuch)).toMatch(/needs 200\.95 cores .*database 200.*this machine has \d+/)
  await expect(running.apply(tooMuch)).rejects.toMatchObject({ code: 'environment' })
})

test('a component that dies unasked is reported, what is stopped on purpose is not', async () => {
  const death = new Promise<{ component: string; detail: string }>((resolve) => running.onDeath(resolve))
  const app = tracesOf(process.pid).list.processes.find(({ name }) => name === 'app-1')!
  process.kill(app.pid, 'SIGKILL')
  expect(await death).toMatchObject({
    component: 'app-1',
    detail: expect.stringMatching(/SIGKILL[\s\S]*listening on/),
  })
  await running.apply([])
  expect(await get('/count')).toHaveProperty('n')
})

test('a killed Postgres leaves nothing behind', async () => {
  const death = new Promise<{ component: string }>((resolve) => running.onDeath(resolve))
  const traces = tracesOf(process.pid)
  process.kill(traces.list.processes.find(({ name }) => name === 'database')!.pid, 'SIGKILL')
  expect((await death).component).toBe('database')
  await running.down()
  await running.down()
  expect(leftOf(traces)).toEqual([])
})

test('without a balancer shoppers reach the first instance', async () => {
  const topology: Topology = {
    ...DEFAULT_TOPOLOGY,
    balancer: { ...DEFAULT_TOPOLOGY.balancer, engine: 'none' },
  }
  running = await embeddedEnvironment().up(tinySpec({ topology }), () => {}, new AbortController().signal)
  expect(running.endpoints.balancer()).toBeNull()
  expect(await get('/count')).toEqual({ n: 1 })
  await running.apply([{ id: 'app.scale-out', step: 2 }])
  expect(running.endpoints.balancer()).not.toBeNull()
  expect(await get('/count')).toEqual({ n: 2 })
})
