import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import type { OpenProbe, Reading, Running } from '../../ports.ts'
import { databaseProbe } from '../../probes/database.ts'
import { memoryProbe } from '../../probes/memory.ts'
import { bringUp } from './bring-up.ts'
import { canLimitMemory } from './budgets/memory-limits.ts'
import { makeRunFolder } from './run-folder.ts'
import { runningOf } from './running.ts'
import type { Stand } from './stand.ts'
import { connectSupervisor } from './supervisor/connect.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftOf, tracesOf } from './testing/traces.ts'

// Each test starts whole servers: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const can = canLimitMemory()
if (can !== true && process.env['REQUIRE_ALL'] === '1') throw new Error(can)

const limitedTo = (memoryMb: number | null): Topology => ({
  ...DEFAULT_TOPOLOGY,
  database: { ...DEFAULT_TOPOLOGY.database, memoryMb, settings: { shared_buffers: '16MB', work_mem: '1GB' } },
})
/** Sorts about this many MB in memory. */
const sorting = (mb: number) =>
  `select count(*) from (select repeat('x', 1000) || i as text from generate_series(1, ${mb * 1000}) i order by 1 offset 0) t`

describe.skipIf(can !== true)(`a memory limit${can === true ? '' : ` (skipped: ${can})`}`, () => {
  let stand: Stand
  let running: Running
  let probes: readonly OpenProbe[]
  const deaths: string[] = []
  const clock = { t0Ns: 0n, nowUs: () => Math.round(performance.now() * 1000) }
  const signal = new AbortController().signal

  beforeAll(async () => {
    const spec = tinySpec({ topology: limitedTo(96) })
    const { path, run } = makeRunFolder(0)
    const supervisor = connectSupervisor(path, run)
    stand = (await bringUp(spec, path, supervisor, () => {}, signal)).stand
    running = runningOf(spec, stand, supervisor)
    running.onDeath(({ component }) => deaths.push(component))
    probes = await Promise.all([memoryProbe, databaseProbe].map((one) => one.open(running.endpoints, clock)))
  })
  afterAll(async () => {
    for (const probe of probes ?? []) await probe.close()
    await running?.down()
  })

  async function readings(): Promise<readonly Reading[]> {
    return (await Promise.all(probes.map((probe) => probe.sample()))).flat()
  }

  test('is told by the meter, beside what is held', async () => {
    const values = (await readings()).find(({ probe }) => probe === 'memory')?.values
    expect(values).toMatchObject({ limitMb: 96, kills: 0 })
    expect(values!['heldMb']).toBeGreaterThan(1)
    expect(values!['heldMb']).toBeLessThan(96)
  })

  test('one session beyond it is killed, all are ended, and the books are whole afterwards', async () => {
    await fetch(`${running.url}/count`)
    const before = await running.query('select n from counter')
    while (!(await readings()).some(({ values }) => 'restarts' in values)) await sleep(100)
    await expect(running.query(sorting(300))).rejects.toThrow()
    const seen = new Map<string, number>()
    while (!(seen.get('restarts') && seen.get('kills'))) {
      for (const { values } of await readings())
        for (const name of ['kills', 'restarts', 'recoveryMs'])
          seen.set(name, (seen.get(name) ?? 0) + (values[name] ?? 0))
      await sleep(200)
    }
    expect(seen.get('kills')).toBeGreaterThanOrEqual(1)
    expect(seen.get('restarts')).toBe(1)
    expect(seen.get('recoveryMs')).toBeGreaterThan(0)
    expect(await running.query('select n from counter')).toEqual(before)
    expect(deaths).toEqual([])
  })

  test('more is given while it runs, less and none by a restart', async () => {
    const started = async () => (await running.query('select pg_postmaster_start_time()::text as at'))[0]
    const first = await started()
    await stand.moveTo(limitedTo(1024), signal)
    expect(await started()).toEqual(first)
    expect(await running.query(sorting(300))).toEqual([{ count: '300000' }])
    await stand.moveTo(limitedTo(128), signal)
    expect(await started()).not.toEqual(first)
    await expect(running.query(sorting(300))).rejects.toThrow()
    await stand.moveTo(limitedTo(null), signal)
    expect(await running.query(sorting(300))).toEqual([{ count: '300000' }])
    expect((await running.endpoints.meter()).some(({ memory }) => memory !== undefined)).toBe(false)
  })

  test('leaves no group behind', async () => {
    await stand.moveTo(limitedTo(128), signal)
    const traces = tracesOf(process.pid)
    const groups = traces.list.cgroups.filter((path) => path.includes('memory'))
    expect(groups.map((path) => path.replace(/.*\/doorbuster-[^/]*/, ''))).toEqual(['/database', ''])
    await running.down()
    expect(leftOf(traces)).toEqual([])
  })
})
