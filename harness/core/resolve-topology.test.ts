import { describe, expect, test } from 'vitest'
import { convertCpu, resolveTopology } from './resolve-topology.ts'
import type { Scenario, TopologyPatch } from './scenario.ts'
import { readScenario } from './scenario-input.ts'
import { exampleScenario } from './testing/example-scenario.ts'
import { DEFAULT_TOPOLOGY, topologyCpu } from './topology.ts'

function scenario(topology: TopologyPatch = {}): Scenario {
  const reading = readScenario({ ...exampleScenario(), quick: { lasts: '20s' }, topology })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  return reading.scenario
}

function resolved(set: readonly string[], topology: TopologyPatch = {}) {
  const resolution = resolveTopology(scenario(topology), set)
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.problems))
  return resolution
}

function problems(...set: readonly string[]) {
  const resolution = resolveTopology(scenario(), set)
  return resolution.ok ? [] : resolution.problems
}

describe('origin: defaults ← scenario ← --set', () => {
  test('nothing changed is the default', () => {
    expect(resolved([]).topology).toEqual(DEFAULT_TOPOLOGY)
  })

  test('the scenario changes only what it names', () => {
    const { topology } = resolved([], { app: { poolSize: 4 }, database: { settings: { jit: 'off' } } })
    expect(topology).toEqual({
      ...DEFAULT_TOPOLOGY,
      app: { ...DEFAULT_TOPOLOGY.app, poolSize: 4 },
      database: { ...DEFAULT_TOPOLOGY.database, settings: { jit: 'off' } },
    })
  })

  test('--set wins over the scenario, and a later --set over an earlier', () => {
    const { topology } = resolved(['topology.app.poolSize=5', 'topology.app.poolSize=6'], {
      app: { poolSize: 4 },
    })
    expect(topology.app.poolSize).toBe(6)
  })

  test.each([
    ['topology.balancer.engine=none', (t: typeof DEFAULT_TOPOLOGY) => t.balancer.engine, 'none'],
    [
      'topology.balancer.maxConnectionsPerServer=20',
      (t: typeof DEFAULT_TOPOLOGY) => t.balancer.maxConnectionsPerServer,
      20,
    ],
    [
      'topology.balancer.maxConnectionsPerServer=none',
      (t: typeof DEFAULT_TOPOLOGY) => t.balancer.maxConnectionsPerServer,
      null,
    ],
    ['topology.pooler.kind=pgbouncer', (t: typeof DEFAULT_TOPOLOGY) => t.pooler.kind, 'pgbouncer'],
    ['topology.pooler.poolMode=session', (t: typeof DEFAULT_TOPOLOGY) => t.pooler.poolMode, 'session'],
    ['topology.cache.kind=redis', (t: typeof DEFAULT_TOPOLOGY) => t.cache.kind, 'redis'],
    ['topology.cache.memoryMb=16', (t: typeof DEFAULT_TOPOLOGY) => t.cache.memoryMb, 16],
    ['topology.database.memoryMb=256', (t: typeof DEFAULT_TOPOLOGY) => t.database.memoryMb, 256],
    ['topology.database.replicas=2', (t: typeof DEFAULT_TOPOLOGY) => t.database.replicas, 2],
    [
      'topology.database.replicaApplyDelayMs=500',
      (t: typeof DEFAULT_TOPOLOGY) => t.database.replicaApplyDelayMs,
      500,
    ],
    ['topology.database.cpu=0.6', (t: typeof DEFAULT_TOPOLOGY) => t.database.cpu, 0.6],
    [
      'topology.app.flaws=hot-row, missing-index',
      (t: typeof DEFAULT_TOPOLOGY) => t.app.flaws,
      ['hot-row', 'missing-index'],
    ],
    ['topology.app.flaws=', (t: typeof DEFAULT_TOPOLOGY) => t.app.flaws, []],
    [
      'topology.app.settings.bestSellerOrders=500',
      (t: typeof DEFAULT_TOPOLOGY) => t.app.settings,
      { bestSellerOrders: 500 },
    ],
    ['topology.app.settings.banner=a=b', (t: typeof DEFAULT_TOPOLOGY) => t.app.settings, { banner: 'a=b' }],
    [
      'topology.database.settings.shared_buffers=64MB',
      (t: typeof DEFAULT_TOPOLOGY) => t.database.settings,
      { shared_buffers: '64MB' },
    ],
    [
      'topology.database.settings.pg_stat_statements.max=100',
      (t: typeof DEFAULT_TOPOLOGY) => t.database.settings,
      { 'pg_stat_statements.max': '100' },
    ],
  ])('%s', (entry, value, expected) => {
    expect(value(resolved([entry]).topology)).toEqual(expected)
  })

  test('settings add up over scenario and entries', () => {
    const { topology } = resolved(['topology.app.settings.a=1', 'topology.app.settings.b=true'], {
      app: { settings: { a: 0, c: 'x' } },
    })
    expect(topology.app.settings).toEqual({ a: 1, b: true, c: 'x' })
  })
})

describe('--set traffic.…', () => {
  test('peak=2x draws the same shape at twice normal', () => {
    const { traffic, quickTraffic } = resolved(['traffic.peak=2x']).scenario
    expect(traffic.peakPerSec).toBe(10)
    expect(Math.max(...traffic.curve.map(({ perSec }) => perSec))).toBe(10)
    expect(quickTraffic).toMatchObject({ peakPerSec: 10, shape: { lastsSec: 20 } })
    expect(quickTraffic.label).toContain('shortened to 20 s')
  })

  test('a peak written as a factor follows normal, one written as a rate does not', () => {
    expect(resolved(['traffic.normal=10/s']).scenario.traffic.peakPerSec).toBe(120)
    expect(resolved(['traffic.normal=10/s', 'traffic.peak=60/s']).scenario.traffic.peakPerSec).toBe(60)
  })

  test('lasts= is meant for both lengths', () => {
    const { traffic, quickTraffic } = resolved(['traffic.lasts=30s']).scenario
    expect([traffic.shape.lastsSec, quickTraffic.shape.lastsSec]).toEqual([30, 30])
  })

  describe('of a replay', () => {
    const times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 22, 22, 22, 22, 23, 24, 29, 30]
    const written = () => {
      const reading = readScenario({
        ...exampleScenario(),
        traffic: { kind: 'replay', times },
        slo: { all: { p50: '< 1s' } },
      })
      if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
      return reading.scenario
    }

    test('lasts= takes its beginning, and with --quick its busiest part', () => {
      const resolution = resolveTopology(written(), ['traffic.lasts=6s'])
      if (!resolution.ok) throw new Error(JSON.stringify(resolution.problems))
      const { traffic, quickTraffic } = resolution.scenario
      expect(traffic).toMatchObject({
        label: 'replay, shortened to 6 s',
        arrivals: { fromUs: 0, lastsUs: 6e6 },
      })
      expect(quickTraffic.arrivals).toMatchObject({ fromUs: 20e6, lastsUs: 6e6 })
    })

    test.each(['peak=2x', 'normal=1/s'])('%s is refused: nobody knows who else would have come', (set) => {
      const resolution = resolveTopology(written(), [`traffic.${set}`])
      expect(resolution).toMatchObject({
        ok: false,
        problems: [
          { path: `--set traffic.${set.split('=')[0]}`, expected: expect.stringMatching(/neither/) },
        ],
      })
    })
  })

  test('leaves the scenario alone when nothing about traffic is set', () => {
    const before = scenario()
    const resolution = resolveTopology(before, ['topology.app.cpu=1'])
    expect(resolution.ok && resolution.scenario).toEqual(before)
  })
})

describe('what is wrong', () => {
  test.each([
    ['topology.database.cpus=1', /topology\.database\.cpu$/, /unknown path/],
    ['database.cpu=1', /topology\.database\.cpu$/, /unknown path/],
    ['peak=2x', /traffic\.peak$/, /unknown path/],
    ['topology.app.settings=x', /topology\.app\.settings\.<name>$/, /unknown path/],
    ['topology.app.cpu.x=1', /topology\.app\.cpu/, /unknown path/],
    ['topology.constructor.name=1', /one of|such as/, /unknown path/],
    ['topology.app.__proto__=1', /one of|such as/, /unknown path/],
    ['nonsense=1', /one of traffic\.normal/, /unknown path/],
    ['topology.database.cpu=fast', /number of cores/, /"fast"/],
    ['topology.database.cpu=', /number of cores/, /""/],
    ['topology.app.instances=1.5', /whole number from 1 to 32/, /"1\.5"/],
    ['topology.balancer.algorithm=fastest', /round-robin, least-connections/, /"fastest"/],
    ['topology.app.flaws=Hot Row', /list of flaws/, /"Hot Row"/],
    ['topology.app.settings.best-seller=1', /camelCase/, /"1"/],
    ['topology.database.cpu', /<path>=<value>/, /"topology\.database\.cpu"/],
    ['=1', /<path>=<value>/, /"=1"/],
    ['traffic.peak=twice', /"12x"/, /"twice"/],
    ['traffic.peak=1000x', /at most 2000\/s/, /5000\/s/],
    ['traffic.peak=0.5x', /no lower than the normal 5\/s/, /2\.5\/s/],
  ])('%s', (entry, expected, got) => {
    expect(problems(entry)).toEqual([
      {
        path: expect.stringMatching(/^--set/),
        expected: expect.stringMatching(expected),
        got: expect.stringMatching(got),
      },
    ])
  })

  test('all at once', () => {
    expect(problems('topology.database.cpu=x', 'nope', 'traffic.lasts=1', 'topology.app.cpu=1').length).toBe(
      3,
    )
  })
})

describe('convertCpu', () => {
  test('a core twice as fast gets half the share; nothing else changes', () => {
    const today = resolved(['topology.app.instances=3']).topology
    const converted = convertCpu(today, 2)
    expect(topologyCpu(converted)).toBeCloseTo(topologyCpu(today) / 2, 12)
    expect({ ...converted.app, cpu: today.app.cpu }).toEqual(today.app)
  })

  test('as fast as the reference core changes nothing', () => {
    expect(convertCpu(DEFAULT_TOPOLOGY, 1)).toEqual(DEFAULT_TOPOLOGY)
  })
})

describe("the scenario's own ceilings", () => {
  const limited = (set: readonly string[]) => {
    const reading = readScenario({ ...exampleScenario(), limits: { rate: '60/s', lasts: '45s' } })
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
    const resolution = resolveTopology(reading.scenario, set)
    return resolution.ok ? [] : resolution.problems
  }

  test('bound what --set may ask for', () => {
    expect(limited([])).toEqual([])
    expect(limited(['traffic.peak=13x'])).toEqual([
      {
        path: '--set traffic.peak',
        expected: 'a peak of at most 60/s (limits.rate)',
        got: 'a peak of 65/s',
      },
    ])
    expect(limited(['traffic.lasts=50s'])).toMatchObject([{ path: '--set traffic.lasts' }])
  })
})

describe('the balancer', () => {
  test.each([
    ['topology.balancer.engine=haproxy', { engine: 'haproxy' }],
    ['topology.balancer.healthCheckIntervalMs=1000', { healthCheckIntervalMs: 1000 }],
    ['topology.balancer.healthCheckPath=/readyz?deep=1', { healthCheckPath: '/readyz?deep=1' }],
    ['topology.balancer.ejectAfterFailures=5', { ejectAfterFailures: 5 }],
    ['topology.balancer.ejectAfterFailures=none', { ejectAfterFailures: null }],
    ['topology.balancer.maxEjectedShare=0.3', { maxEjectedShare: 0.3 }],
    ['topology.balancer.weights.app-2=3', { weights: { 'app-2': 3 } }],
  ])('%s', (entry, expected) => {
    expect(resolved([entry]).topology.balancer).toEqual({ ...DEFAULT_TOPOLOGY.balancer, ...expected })
  })

  test.each([
    'topology.balancer.engine=nginx',
    'topology.balancer.healthCheckPath=readyz',
    'topology.balancer.healthCheckPath=/a\nserver evil 192.0.2.1:80',
    'topology.balancer.ejectAboveErrorShare=20',
    'topology.balancer.retries=-1',
    'topology.balancer.weights.app-2=0',
    'topology.balancer.weights.app 2=1',
  ])('refuses %j', (entry) => {
    expect(problems(entry)).toHaveLength(1)
  })

  test('refuses of HAProxy what it does not have, wherever that was asked for', () => {
    expect(problems('topology.balancer.engine=haproxy', 'topology.balancer.algorithm=ewma')).toMatchObject([
      { path: 'topology.balancer.algorithm', expected: expect.stringContaining('no peak-EWMA') },
    ])
    const inScenario = resolveTopology(scenario({ balancer: { ejectAboveErrorShare: 0.2 } }), [
      'topology.balancer.engine=haproxy',
    ])
    expect(inScenario.ok).toBe(false)
  })
})
