import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../../core/topology.ts'
import type { OpenProbe, Reading, Running } from '../../../ports.ts'
import { poolerProbe } from '../../../probes/pooler.ts'
import { requires } from '../../../testing/requires.ts'
import { embeddedEnvironment } from '../index.ts'
import { tinySpec } from '../testing/tiny-spec.ts'
import { leftAfter, tracesOf } from '../testing/traces.ts'

// Each environment takes seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const pgbouncer = requires('pgbouncer')

function withPooler(over: Partial<Topology['pooler']> = {}): Topology {
  return { ...DEFAULT_TOPOLOGY, pooler: { ...DEFAULT_TOPOLOGY.pooler, kind: 'pgbouncer', ...over } }
}

describe.skipIf(pgbouncer.skip)('a shop behind PgBouncer', () => {
  let running: Running
  let probe: OpenProbe
  beforeAll(async () => {
    const database = { ...DEFAULT_TOPOLOGY.database, settings: { commit_delay: '1' } }
    const spec = tinySpec({ topology: { ...withPooler({ poolSize: 2 }), database } })
    running = await embeddedEnvironment().up(spec, () => {}, new AbortController().signal)
    probe = await poolerProbe.open(running.endpoints, spec.clock)
  })
  afterAll(async () => {
    await probe?.close()
    await running?.down()
  })

  const get = async (path: string): Promise<{ n?: number }> => {
    const answer = await fetch(`${running.url}${path}`)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { n?: number }
  }
  const crowd = (n: number) => Promise.all(Array.from({ length: n }, () => get('/count')))
  const sessions = async () =>
    (await running.query(`select pid from pg_stat_activity where usename = 'shop'`)).length
  const sampled = async (): Promise<Reading> => {
    for (;;) {
      const [reading] = await probe.sample()
      if (reading) return reading
      await sleep(50)
    }
  }
  const poolerPid = () => tracesOf(process.pid).list.processes.find(({ name }) => name === 'pooler')!.pid

  test('its servers share the connections that the pooler has, however many they open', async () => {
    await crowd(40)
    expect(await sessions()).toBe(2)
  })

  test('who waits for one is read from its console', async () => {
    await sampled()
    const lock = await running.connect({ statementTimeoutMs: 30_000 })
    await lock.query('begin')
    await lock.query('lock table counter')
    const clicks = crowd(6)
    try {
      await vi.waitFor(
        async () => {
          const { values } = await sampled()
          expect(values).toMatchObject({ serversActive: 2, clientsWaiting: 4, clientsWaitingMean: 4 })
          expect(values['longestWaitMs']).toBeGreaterThan(0)
        },
        { timeout: 20_000, interval: 100 },
      )
    } finally {
      await lock.query('rollback')
      await lock.close()
    }
    await clicks
    // PgBouncer counts a query when it comes, and its wait when that is over.
    await get('/count')
    const reading = await sampled()
    expect(reading).toMatchObject({ probe: 'pooler', role: 'pooler', component: 'pooler' })
    expect(reading.values['clientsWaiting']).toBe(0)
    expect(reading.values['waitMsMean']).toBeGreaterThan(0)
  })

  test('it is metered beside its budget', async () => {
    const meter = await running.endpoints.meter()
    expect(meter.find(({ component }) => component === 'pooler')).toMatchObject({
      role: 'pooler',
      budgetCores: DEFAULT_TOPOLOGY.pooler.cpu,
    })
  })

  test('restored data is reached through it at once, again and again', async () => {
    const pid = poolerPid()
    for (let time = 0; time < 2; time++) {
      await crowd(3)
      await running.restoreData()
      expect(await get('/count')).toEqual({ n: 1 })
    }
    expect(poolerPid()).toBe(pid)
  })

  test('a database that a fix restarts is found again, by the same pooler', async () => {
    const pid = poolerPid()
    await running.apply([{ id: 'database.settings', step: 1 }])
    expect(await running.query('show commit_delay')).toEqual([{ commit_delay: '0' }])
    await get('/count')
    expect(poolerPid()).toBe(pid)
    await running.undo()
  })

  test.each(['kill', 'restart'] as const)('a fault can %s it: it is back where it was', async (kind) => {
    const [before, pid] = [running.endpoints.pooler(), poolerPid()]
    const injection = await running.inject!({
      at: { kind: 'share', share: 0.5 },
      forSec: kind === 'kill' ? 1 : null,
      act: { kind, target: 'pooler' },
    })
    if (!injection.done) throw new Error(injection.because)
    await injection.undo('goes-on')
    expect(poolerPid()).not.toBe(pid)
    expect(running.endpoints.pooler()).toEqual(before)
    await vi.waitFor(() => get('/count'), { timeout: 20_000 })
  })

  test('its death is told, and the next move brings it back where it was', async () => {
    const before = running.endpoints.pooler()
    const death = new Promise<{ component: string }>((resolve) => running.onDeath(resolve))
    process.kill(poolerPid(), 'SIGKILL')
    expect((await death).component).toBe('pooler')
    await running.apply([])
    expect(running.endpoints.pooler()).toEqual(before)
    await get('/count')
  })

  test('after down nothing is left', async () => {
    const traces = tracesOf(process.pid)
    await running.down()
    expect(await leftAfter(traces, 3000)).toEqual([])
  })
})

describe.skipIf(pgbouncer.skip)('PgBouncer as a fix', () => {
  let running: Running
  beforeAll(async () => {
    running = await embeddedEnvironment().up(tinySpec(), () => {}, new AbortController().signal)
  })
  afterEach(() => vi.unstubAllEnvs())
  afterAll(() => running?.down())

  const count = async () => ((await (await fetch(`${running.url}/count`)).json()) as { n: number }).n
  const meters = async () => (await running.endpoints.meter()).map(({ component }) => component)

  test('comes, and goes again', async () => {
    expect(running.endpoints.pooler()).toBe(null)
    await running.apply([{ id: 'pooler.add', step: 20 }])
    await running.restoreData()
    expect(await count()).toBe(1)
    expect(await meters()).toContain('pooler')
    await running.undo()
    expect(running.endpoints.pooler()).toBe(null)
    expect(await meters()).not.toContain('pooler')
    expect(await count()).toBe(2)
  })

  test('is not run where it is not installed, and the shop serves on', async () => {
    vi.stubEnv('PGBOUNCER', '/nonexistent/pgbouncer')
    expect(running.can([{ id: 'pooler.add', step: 20 }])).toMatch(/apt-get install pgbouncer/)
    await expect(running.apply([{ id: 'pooler.add', step: 20 }])).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('PGBOUNCER=/nonexistent/pgbouncer is no program'),
    })
    expect(await count()).toBe(3)
  })
})

test('a PgBouncer that cannot be had is refused before anything starts', async () => {
  vi.stubEnv('PGBOUNCER', '/nonexistent/pgbouncer')
  const up = embeddedEnvironment().up(
    tinySpec({ topology: withPooler() }),
    () => {},
    new AbortController().signal,
  )
  await expect(up).rejects.toMatchObject({
    code: 'environment',
    message: 'PGBOUNCER=/nonexistent/pgbouncer is no program that may be run',
    hint: expect.stringContaining('apt-get install pgbouncer'),
  })
  vi.unstubAllEnvs()
})
