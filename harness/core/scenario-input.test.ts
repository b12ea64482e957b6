import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readScenario } from './scenario-input.ts'
import { exampleScenario } from './testing/example-scenario.ts'

function problemsOf(input: unknown) {
  const reading = readScenario(input)
  return reading.ok ? [] : reading.problems
}

/** The example with one thing replaced. */
function spoiled(changes: Readonly<Record<string, unknown>>): unknown {
  return { ...exampleScenario(), ...changes }
}

describe('a scenario that is right', () => {
  test('has every text read and every default filled in', () => {
    const reading = readScenario(exampleScenario())
    expect(reading).toMatchObject({
      ok: true,
      scenario: {
        name: 'example',
        traffic: { normalPerSec: 5, peakPerSec: 60, label: 'doors-open minute, real speed' },
        quickTraffic: {
          peakPerSec: 60,
          shape: { lastsSec: 22.5 },
          label: 'doors-open minute, shortened to 22.5 s',
        },
        shoppers: [{ thinkTime: { kind: 'uniform', minMs: 300, maxMs: 2000 } }],
        patience: { timeoutMs: 3000, reloads: 1, queueMs: 30_000 },
        slo: { all: { p95Ms: 300, errorRatio: 0.01 }, 'POST /checkout': { p95Ms: 800 } },
        keepHeadroom: 0.3,
        topology: {},
        invariants: [],
      },
    })
  })

  test('may leave out what has a default, and may give the empty lists of what is not run yet', () => {
    const { name, question, traffic, shoppers, slo } = exampleScenario()
    const reading = readScenario({ name, question, traffic, shoppers, slo, alerts: [], faults: [] })
    expect(reading).toMatchObject({
      ok: true,
      scenario: {
        patience: { timeoutMs: 3000, reloads: 1, queueMs: 30_000 },
        data: {},
        seed: 42,
        keepHeadroom: 0.3,
      },
    })
  })

  test('keeps the journey itself, not a copy of it', () => {
    const example = exampleScenario()
    const reading = readScenario(example)
    expect(reading.ok && reading.scenario.shoppers[0]?.steps).toBe(example.shoppers[0]?.steps)
  })

  test('quick changes only what it names', () => {
    const reading = readScenario(spoiled({ quick: { lasts: '20s', peak: '30/s' } }))
    expect(reading).toMatchObject({
      ok: true,
      scenario: {
        quickTraffic: { normalPerSec: 5, peakPerSec: 30, shape: { lastsSec: 20 } },
        traffic: { peakPerSec: 60 },
      },
    })
  })
})

test('what of an invariant is asked during a surge is a statement, its own or another', () => {
  const rule = { sql: 'select 1', expect: 'no rows' }
  const reading = readScenario(
    spoiled({
      invariants: [
        { ...rule, name: 'afterwards' },
        { ...rule, name: 'always', sampled: true },
        { ...rule, name: 'in part', sql: 'select 1 from ledger', sampled: 'select 2' },
      ],
    }),
  )
  const sampled = reading.ok ? reading.scenario.invariants.map((one) => one.sampled) : null
  expect(sampled).toEqual([null, 'select 1', 'select 2'])
})

describe('one thing wrong is one problem: where, what was expected, what stands there', () => {
  test.each<
    [what: string, changes: Readonly<Record<string, unknown>>, path: string, expected: RegExp, got: RegExp]
  >([
    [
      'a number for a text',
      { traffic: { kind: 'constant', normal: 5, peak: '1x', lasts: '60s' } },
      'traffic.normal',
      /a rate/,
      /^5$/,
    ],
    [
      'a rate without its unit',
      { traffic: { kind: 'doors-open', normal: '5', peak: '12x', lasts: '45s' } },
      'traffic.normal',
      /"5\/s"/,
      /"5"/,
    ],
    [
      'a peak above the ceiling',
      { traffic: { kind: 'doors-open', normal: '500/s', peak: '12x', lasts: '45s' } },
      'traffic.peak',
      /at most 2000\/s/,
      /6000\/s/,
    ],
    [
      'a peak below normal',
      { traffic: { kind: 'doors-open', normal: '50/s', peak: '5/s', lasts: '45s' } },
      'traffic.peak',
      /no lower than the normal 50\/s/,
      /5\/s/,
    ],
    [
      'an hour',
      { traffic: { kind: 'doors-open', normal: '5/s', peak: '12x', lasts: '1h' } },
      'traffic.lasts',
      /30min/,
      /"1h"/,
    ],
    [
      'a shape nobody drew',
      { traffic: { kind: 'tsunami', normal: '5/s', peak: '12x', lasts: '45s' } },
      'traffic.kind',
      /surge\.doorsOpen/,
      /tsunami/,
    ],
    ['a misspelt key', { sloo: {} }, 'sloo', /one of name, question/, /did you mean "slo"/],
    [
      'a misspelt key inside',
      { patience: { timout: '3s', reloads: 1, timeout: '3s' } },
      'patience.timout',
      /timeout, reloads/,
      /did you mean "timeout"/,
    ],
    ['no journey', { shoppers: [] }, 'shoppers', /at least one journey/, /an empty list/],
    [
      'a weight of nothing',
      { shoppers: [{ ...exampleScenario().shoppers[0], weight: 0 }] },
      'shoppers[0].weight',
      /above 0/,
      /^0$/,
    ],
    [
      'a weight that is no number',
      { shoppers: [{ ...exampleScenario().shoppers[0], weight: Number.NaN }] },
      'shoppers[0].weight',
      /above 0/,
      /NaN/,
    ],
    [
      'steps that are no function',
      { shoppers: [{ ...exampleScenario().shoppers[0], steps: 'GET /' }] },
      'shoppers[0].steps',
      /async \(shopper\)/,
      /"GET \/"/,
    ],
    [
      'a think time backwards',
      { shoppers: [{ ...exampleScenario().shoppers[0], thinkTime: '2s..1s' }] },
      'shoppers[0].thinkTime',
      /"0\.3s\.\.2s"/,
      /2s\.\.1s/,
    ],
    [
      'two journeys of one name',
      { shoppers: [exampleScenario().shoppers[0], exampleScenario().shoppers[0]] },
      'shoppers[1].name',
      /of its own/,
      /"browser" again/,
    ],
    [
      'a range backwards',
      { data: { product: { from: 9, to: 1 } } },
      'data.product',
      /range\(from, to\)/,
      /an object with from, to/,
    ],
    ['a bound without its sign', { slo: { all: { p95: '300ms' } } }, 'slo.all.p95', /"< 300ms"/, /"300ms"/],
    ['an objective of nothing', { slo: { all: {} } }, 'slo.all', /at least one of/, /an empty object/],
    ['no objective for all', { slo: { 'GET /': { p95: '< 1s' } } }, 'slo.all', /all clicks/, /nothing/],
    [
      'a route without its method',
      { slo: { all: { p95: '< 1s' }, '/checkout': { p95: '< 1s' } } },
      'slo["/checkout"]',
      /"POST \/checkout"/,
      /"\/checkout"/,
    ],
    [
      'a route with its query',
      { slo: { all: { p95: '< 1s' }, 'GET /search?q=:q': { p95: '< 1s' } } },
      'slo["GET /search?q=:q"]',
      /without its query/,
      /search/,
    ],
    ['stubs that are none', { sideEffectsStubbed: 'yes' }, 'sideEffectsStubbed', /stubbed/, /"yes"/],
    [
      'a rule without its sign',
      { abortWhen: [{ route: 'all', p95: '5s' }] },
      'abortWhen[0].p95',
      /"> 5s"/,
      /"5s"/,
    ],
    ['a ceiling above all', { limits: { inFlight: 50_000 } }, 'limits.inFlight', /1 to 20000/, /50000/],
    ['an error ratio above all', { slo: { all: { errors: '< 101%' } } }, 'slo.all.errors', /"< 1%"/, /101/],
    [
      'a topology that is none',
      { topology: { databse: { cpu: 1 } } },
      'topology.databse',
      /balancer, app, pooler, database, cache/,
      /did you mean "database"/,
    ],
    [
      'a CPU of nothing',
      { topology: { database: { cpu: 0 } } },
      'topology.database.cpu',
      /0\.01 to 64/,
      /^0$/,
    ],
    [
      'an explicit undefined',
      { topology: { app: { instances: undefined } } },
      'topology.app.instances',
      /whole number/,
      /nothing/,
    ],
    ['an alert', { alerts: [{ name: 'x' }] }, 'alerts', /does not run alerts/, /a list of 1/],
    [
      'a fault without its list',
      { faults: { at: '60%', kill: 'app-2' } },
      'faults',
      /list of faults/,
      /object/,
    ],
    ['a seed of chance', { seed: 0.5 }, 'seed', /whole number/, /0\.5/],
    ['a name for a folder', { name: '../etc' }, 'name', /lower case/, /"\.\.\/etc"/],
    ['a quick peak below normal', { quick: { peak: '1/s' } }, 'quick.peak', /no lower/, /1\/s/],
    [
      'a p99 that 60 shoppers cannot carry',
      {
        traffic: { kind: 'constant', normal: '1/s', peak: '1x', lasts: '60s' },
        slo: { all: { p99: '< 1s' } },
      },
      'slo.all.p99',
      /at least 299 shoppers/,
      /60 shoppers/,
    ],
    [
      'an invariant that expects rows',
      { invariants: [{ name: 'a', sql: 'select 1', expect: 'one row' }] },
      'invariants[0].expect',
      /"no rows"/,
      /one row/,
    ],
    [
      'an invariant that is sampled or not',
      { invariants: [{ name: 'a', sql: 'select 1', expect: 'no rows', sampled: false }] },
      'invariants[0].sampled',
      /true, or a select statement/,
      /false/,
    ],
    [
      'a sampled invariant that asks what shoppers were told',
      { invariants: [{ name: 'a', sql: 'select 1 from ledger', expect: 'no rows', sampled: true }] },
      'invariants[0].sampled',
      /without the tables ledger and unknown/,
      /./,
    ],
  ])('%s', (_what, changes, path, expected, got) => {
    expect(problemsOf(spoiled(changes))).toEqual([
      { path, expected: expect.stringMatching(expected), got: expect.stringMatching(got) },
    ])
  })
})

test('all problems come at once, across fields too', () => {
  const problems = problemsOf({
    naem: 'x',
    question: 3,
    traffic: { kind: 'doors-open', normal: '900/s', peak: '12x', lasts: '45s' },
    shoppers: [{ name: 'a', weight: -1, thinkTime: 'long', steps: null, pace: 1 }],
    slo: { 'GET /': { p95: 'fast' } },
    seed: Number.NaN,
  })
  expect(problems.map(({ path }) => path).sort()).toEqual(
    [
      'naem',
      'name',
      'question',
      'seed',
      'shoppers[0].pace',
      'shoppers[0].steps',
      'shoppers[0].thinkTime',
      'shoppers[0].weight',
      'slo["GET /"].p95',
      'slo.all',
      'traffic.peak',
    ].sort(),
  )
})

describe('odd input is a problem, never an exception', () => {
  const cyclic: Record<string, unknown> = { ...exampleScenario() }
  cyclic['data'] = { product: cyclic }
  const bottomless = new Proxy(
    {},
    {
      get: () => bottomless,
      ownKeys: () => ['x'],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    },
  )

  test.each<[what: string, input: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a function', () => exampleScenario()],
    ['a list', [exampleScenario()]],
    ['a cycle', cyclic],
    [
      'a getter that throws',
      Object.defineProperty({ ...exampleScenario() }, 'seed', {
        enumerable: true,
        get() {
          throw new Error('no seed today')
        },
      }),
    ],
    ['a revoked proxy', revoked()],
    ['a bottomless proxy', bottomless],
    ['a list of a billion', spoiled({ shoppers: new Array(1e9) })],
    ['a symbol for a name', spoiled({ name: Symbol('x') })],
  ])('%s', (_what, input) => {
    expect(problemsOf(input).length).toBeGreaterThan(0)
  })

  test('a getter that throws is reported once, with what it said', () => {
    const input = Object.defineProperty({ ...exampleScenario() }, 'seed', {
      enumerable: true,
      get() {
        throw new Error('no seed today')
      },
    })
    expect(problemsOf(input)).toEqual([
      { path: 'seed', expected: 'data that can be read', got: 'an error when read: "no seed today"' },
    ])
  })

  test('whatever stands in whatever field', () => {
    const fields = [
      ...Object.keys(exampleScenario()),
      'topology',
      'quick',
      'forecast',
      'invariants',
      'alerts',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...fields),
        fc.anything({ withBigInt: true, withNullPrototype: true }),
        (field, value) => {
          const reading = readScenario(spoiled({ [field]: value }))
          for (const problem of reading.ok ? [] : reading.problems) {
            expect(problem.path).not.toBe('')
            expect(problem.expected).not.toMatch(/^(Invalid|Unrecognized|Too )/)
            expect(problem.got.length).toBeLessThan(300)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
