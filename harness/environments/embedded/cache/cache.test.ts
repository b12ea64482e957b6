import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../../core/topology.ts'
import type { EnvironmentSpec, Running } from '../../../ports.ts'
import { redisProbe } from '../../../probes/redis.ts'
import { requires } from '../../../testing/requires.ts'
import { redisCommand } from '../../redis-command.ts'
import { embeddedEnvironment } from '../index.ts'
import { refusal } from '../testing/refusal.ts'
import { tinySpec } from '../testing/tiny-spec.ts'
import { leftAfter, tracesOf } from '../testing/traces.ts'

// Each environment takes seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const redis = requires('redis')

function withRedis(over: Partial<Topology['cache']> = {}): Topology {
  return { ...DEFAULT_TOPOLOGY, cache: { ...DEFAULT_TOPOLOGY.cache, kind: 'redis', ...over } }
}

describe.skipIf(redis.skip)('a shop beside Redis', () => {
  let running: Running
  let spec: EnvironmentSpec
  beforeAll(async () => {
    spec = tinySpec({ topology: withRedis({ memoryMb: 8 }) })
    running = await embeddedEnvironment().up(spec, () => {}, new AbortController().signal)
  })
  afterAll(() => running?.down())

  const port = () => Number(new URL(running.endpoints.cache()!.url).port)
  const names = async () =>
    ((await (await fetch(`${running.url}/environment`)).json()) as { names: string[] }).names

  test('is told where it is, and it keeps as much as it may', async () => {
    expect(await names()).toContain('REDIS_URL')
    expect(await redisCommand(port(), 'SET page kept')).toBe('+OK')
    expect(await redisCommand(port(), 'CONFIG GET maxmemory')).toBe('*2')
    // Three times what it may keep: it takes all of it, as older pages go. Which of them is not told:
    // Redis picks from a few by chance, and pages written in the same second are of the same age.
    const chunk = 'x'.repeat(60_000)
    for (let n = 0; n < 400; n++) expect(await redisCommand(port(), `SET page-${n} ${chunk}`)).toBe('+OK')
    expect(await redisCommand(port(), 'EXISTS page-399')).toBe(':1')
    const kept = Number((await redisCommand(port(), 'DBSIZE')).slice(1))
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(200)
  })

  test('it is probed and metered beside its budget', async () => {
    const probe = await redisProbe.open(running.endpoints, spec.clock)
    await vi.waitFor(async () => expect(await probe.sample()).toHaveLength(1), { timeout: 20_000 })
    const [reading] = await probe.sample()
    expect(reading).toMatchObject({ probe: 'redis', role: 'cache', component: 'redis' })
    expect(reading!.values['memoryMb']).toBeGreaterThan(0)
    expect(reading!.values['commandsPerSec']).toBeGreaterThan(0)
    await probe.close()
    const meter = await running.endpoints.meter()
    expect(meter.find(({ component }) => component === 'redis')).toMatchObject({
      role: 'cache',
      budgetCores: DEFAULT_TOPOLOGY.cache.cpu,
    })
  })

  test('is emptied when data is restored', async () => {
    await redisCommand(port(), 'SET page kept')
    await running.restoreData()
    expect(await redisCommand(port(), 'DBSIZE')).toBe(':0')
  })

  test('a fault can restart it: it is back where it was, empty', async () => {
    const before = running.endpoints.cache()
    await redisCommand(port(), 'SET page kept')
    const injection = await running.inject!({
      at: { kind: 'share', share: 0.5 },
      forSec: null,
      act: { kind: 'restart', target: 'redis' },
    })
    expect(injection).toMatchObject({ done: true })
    expect(running.endpoints.cache()).toEqual(before)
    expect(await redisCommand(port(), 'DBSIZE')).toBe(':0')
  })

  test('nothing is left after down', async () => {
    const traces = tracesOf(process.pid)
    await running.down()
    expect(await leftAfter(traces, 3000)).toEqual([])
  })
})

describe('Redis that cannot be had', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is refused before anything starts', async () => {
    vi.stubEnv('REDIS', '/nonexistent/redis-server')
    expect(await refusal(withRedis())).toMatchObject({
      code: 'environment',
      message: 'REDIS=/nonexistent/redis-server is no program that may be run',
      hint: expect.stringContaining('apt-get install redis-server'),
    })
  })

  test.each(['cache', 'sessions'])('a shop whose %s needs it is refused without', async (setting) => {
    const app = { ...DEFAULT_TOPOLOGY.app, settings: { [setting]: 'redis' } }
    expect(await refusal({ ...DEFAULT_TOPOLOGY, app })).toMatchObject({
      code: 'usage',
      where: `topology.app.settings.${setting}=redis`,
      hint: expect.stringContaining('--set topology.cache.kind=redis'),
    })
  })
})
