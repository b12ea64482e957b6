import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startClock } from '../../clock.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import type { Running } from '../../ports.ts'
import { memoryProbe } from '../../probes/memory.ts'
import { poolerProbe } from '../../probes/pooler.ts'
import { redisProbe } from '../../probes/redis.ts'
import { replicaProbe } from '../../probes/replica.ts'
import { SAMPLE_SHOP } from '../../sample-shop-app.ts'
import { requiresCompose } from '../../testing/requires-compose.ts'
import { withClient } from '../postgres-connection.ts'
import { readPinnedImages } from './images.ts'
import { composeEnvironment } from './index.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const images = readPinnedImages(join(ROOT, 'docker-compose.yml'), join(ROOT, 'sample-shop/docker/Dockerfile'))
const { skip } = requiresCompose(Object.values(images))

// Each test moves whole containers: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** Small enough that all of it together fits two cores. */
const SMALL: Topology = {
  ...DEFAULT_TOPOLOGY,
  app: { ...DEFAULT_TOPOLOGY.app, cpu: 0.2, settings: { cache: 'redis', cacheTtlMs: 60_000 } },
  database: { ...DEFAULT_TOPOLOGY.database, cpu: 0.2, replicas: 1, replicaApplyDelayMs: 50, memoryMb: 256 },
  balancer: { ...DEFAULT_TOPOLOGY.balancer, cpu: 0.2 },
  pooler: { ...DEFAULT_TOPOLOGY.pooler, kind: 'pgbouncer', poolSize: 3 },
  cache: { ...DEFAULT_TOPOLOGY.cache, kind: 'redis' },
}

describe.skipIf(skip)('what stands beside the app in containers', () => {
  const clock = startClock()
  let running: Running
  const deaths: string[] = []
  beforeAll(async () => {
    const spec = { topology: SMALL, app: SAMPLE_SHOP, clock }
    running = await composeEnvironment().up(spec, () => {}, new AbortController().signal)
    running.onDeath(({ component, detail }) => deaths.push(`${component}: ${detail}`))
  })
  afterAll(() => running?.down())

  const status = async (path = '/'): Promise<number> => (await fetch(`${running.url}${path}`)).status
  const meters = async () => (await running.endpoints.meter()).map(({ component }) => component)

  test('replica, pooler and Redis are there, probed under the names that they have elsewhere, and metered', async () => {
    const probes = await Promise.all(
      [replicaProbe, poolerProbe, redisProbe, memoryProbe].map((probe) =>
        probe.open(running.endpoints, clock),
      ),
    )
    try {
      const seen = new Map<string, Readonly<Record<string, number>>>()
      await vi.waitFor(
        async () => {
          expect(await status('/best-sellers')).toBe(200)
          for (const readings of await Promise.all(probes.map((probe) => probe.sample())))
            for (const { component, values } of readings) seen.set(component, values)
          expect([...seen.keys()].sort()).toEqual(['database', 'pooler', 'redis', 'replica-1'])
        },
        { timeout: 20_000, interval: 200 },
      )
      expect(seen.get('replica-1')!['streaming']).toBe(1)
      expect(seen.get('redis')!['commandsPerSec']).toBeGreaterThan(0)
      expect(seen.get('database')).toMatchObject({ limitMb: 256, kills: 0 })
    } finally {
      await Promise.all(probes.map((probe) => probe.close()))
    }
    expect(await meters()).toEqual(expect.arrayContaining(['pooler', 'redis', 'replica-1']))
  })

  test('the app comes to the database through the pooler only, and reads on the replica', async () => {
    // By address: the containers' names are not known here.
    const sessions = await running.query(
      `select count(distinct client_addr)::int as hosts, count(*)::int as n from pg_stat_activity where usename = 'shop'`,
    )
    expect(sessions).toEqual([{ hosts: 1, n: 3 }])
    const [replica] = running.endpoints.replicas()
    const readers = await withClient(replica!.connectionString, (query) =>
      query(`select from pg_stat_activity where usename = 'shop'`),
    )
    expect(readers.length).toBeGreaterThan(0)
  })

  test('all of it keeps to data that is put back', async () => {
    await running.query('delete from order_lines; delete from orders')
    await running.restoreData()
    expect(await status()).toBe(200)
    expect(await running.query('select count(*)::int as n from orders')).toEqual([{ n: 40_000 }])
  })

  test('more replicas come, and go again', async () => {
    await running.apply([{ id: 'database.replica', step: 1 }])
    expect(running.endpoints.replicas().map(({ component }) => component)).toEqual(['replica-1', 'replica-2'])
    expect(await status()).toBe(200)
    await running.restoreData()
    await running.undo()
    expect(running.endpoints.replicas().map(({ component }) => component)).toEqual(['replica-1'])
    expect(await meters()).not.toContain('replica-2')
    expect(await status()).toBe(200)
  })

  test('nothing of that was a death', () => expect(deaths).toEqual([]))
})

describe.skipIf(skip)('as fixes', () => {
  let running: Running
  beforeAll(async () => {
    const topology = {
      ...SMALL,
      app: { ...DEFAULT_TOPOLOGY.app, cpu: 0.2 },
      database: { ...DEFAULT_TOPOLOGY.database, cpu: 0.2 },
      pooler: DEFAULT_TOPOLOGY.pooler,
      cache: DEFAULT_TOPOLOGY.cache,
    }
    const spec = { topology, app: SAMPLE_SHOP, clock: startClock() }
    running = await composeEnvironment().up(spec, () => {}, new AbortController().signal)
  })
  afterAll(() => running?.down())

  const isThere = () => ({
    pooler: running.endpoints.pooler() !== null,
    cache: running.endpoints.cache() !== null,
    replicas: running.endpoints.replicas().length,
  })
  const NONE = { pooler: false, cache: false, replicas: 0 }

  test.each([
    ['pooler.add', 20, { ...NONE, pooler: true }],
    ['cache.redis', 1, { ...NONE, cache: true }],
    ['database.replica', 1, { ...NONE, replicas: 1 }],
  ] as const)('%s comes and goes', async (id, step, there) => {
    expect(isThere()).toEqual(NONE)
    await running.apply([{ id, step }])
    expect(isThere()).toEqual(there)
    await running.restoreData()
    expect((await fetch(running.url)).status).toBe(200)
    await running.undo()
    expect(isThere()).toEqual(NONE)
    expect((await fetch(running.url)).status).toBe(200)
  })

  test('one that does not come up is left behind: the next move is to the topology that was asked for', async () => {
    const poolSize = DEFAULT_TOPOLOGY.app.poolSize
    const sessions = async () =>
      (await running.query(`select from pg_stat_activity where usename = 'shop'`)).length
    const failed = running.apply([{ id: 'app.pool-size', step: poolSize * 2 }], { readyWithinMs: 1 })
    await expect(failed).rejects.toMatchObject({ code: 'environment', where: 'app-1' })
    await running.undo()
    await running.restoreData()
    expect((await fetch(running.url)).status).toBe(200)
    await vi.waitFor(async () => expect(await sessions()).toBe(poolSize), 10_000)
  })
})

describe.skipIf(skip)('a memory limit below what the database has come to hold', () => {
  test('is kept by a server that was started anew', async () => {
    const database = { ...DEFAULT_TOPOLOGY.database, memoryMb: 88, settings: { shared_buffers: '96MB' } }
    const spec = { topology: { ...DEFAULT_TOPOLOGY, database }, app: SAMPLE_SHOP, clock: startClock() }
    const running = await composeEnvironment().up(spec, () => {}, new AbortController().signal)
    try {
      expect((await fetch(running.url)).status).toBe(200)
      const meter = await running.endpoints.meter()
      expect(meter.find(({ component }) => component === 'database')!.memory).toMatchObject({
        limitBytes: 88 * 2 ** 20,
      })
    } finally {
      await running.down()
    }
  })
})
