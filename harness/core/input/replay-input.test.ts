import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readScenario } from '../scenario-input.ts'
import { exampleScenario } from '../testing/example-scenario.ts'
import { expectedArrivals } from '../traffic/curve.ts'
import { readTimes } from './read-times.ts'

/** 600 arrivals in a minute, then one a second for a minute. */
const TIMES = Array.from({ length: 660 }, (_, i) => (i < 600 ? i / 10 : i - 540))

function reading(traffic: object, changes: object = {}) {
  // Objectives that few shoppers can judge.
  const slo = { all: { p50: '< 1s' } }
  return readScenario(
    { ...exampleScenario(), slo, traffic: { kind: 'replay', ...traffic }, ...changes },
    {
      times: (file) => readTimes(file === 'arrivals.csv' ? `time\n${TIMES.join('\n')}` : 'time\n1\nsoon'),
      data: () => ({ ok: true, entries: [1] }),
    },
  )
}

function scenario(traffic: object, changes: object = {}) {
  const read = reading(traffic, changes)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.scenario
}

describe('a replay that is right', () => {
  test('is all of its file, from the first arrival to the end of the last one’s second', () => {
    const { traffic, quickTraffic } = scenario({ file: 'arrivals.csv' })
    expect(traffic).toMatchObject({
      label: 'replay, real speed',
      peakPerSec: 10,
      shape: { kind: 'replay', lastsSec: 120, speed: 1 },
      arrivals: { kind: 'recorded', fromUs: 0, lastsUs: 120e6, speed: 1 },
    })
    expect(expectedArrivals(traffic.curve, 0, 120)).toBeCloseTo(660, 9)
    // Half as long: the busy minute.
    expect(quickTraffic).toMatchObject({
      label: 'replay, shortened to 60 s',
      arrivals: { kind: 'recorded', fromUs: 0, lastsUs: 60e6 },
    })
  })

  test('is the same from times that the scenario holds, whatever their origin', () => {
    const moved = TIMES.map((sec) => sec + 1_700_000_000).reverse()
    expect(scenario({ times: moved }).traffic).toEqual(scenario({ file: 'arrivals.csv' }).traffic)
  })

  test('begins where it should, and lasts no longer than it should', () => {
    const { traffic } = scenario({ file: 'arrivals.csv', from: '50s', lasts: '20s' })
    expect(traffic.arrivals).toEqual({ kind: 'recorded', fromUs: 50e6, lastsUs: 20e6, speed: 1 })
    expect(expectedArrivals(traffic.curve, 0, 20)).toBeCloseTo(110, 9)
    expect(scenario({ file: 'arrivals.csv', from: '50s', lasts: '5min' }).traffic.shape.lastsSec).toBe(70)
  })

  test('is told faster: `from` in the time of the file, `lasts` in the time of the surge', () => {
    const { traffic } = scenario({ file: 'arrivals.csv', from: '1min', lasts: '5s', speed: '10x' })
    expect(traffic).toMatchObject({
      label: 'replay ×10',
      peakPerSec: 10,
      arrivals: { kind: 'recorded', fromUs: 60e6, lastsUs: 5e6, speed: 10 },
    })
  })

  test('with --quick is its busiest window of the length that is asked for', () => {
    const { quickTraffic } = scenario({ times: TIMES.map((sec) => -sec) }, { quick: { lasts: '10s' } })
    expect(expectedArrivals(quickTraffic.curve, 0, 10)).toBeCloseTo(100, 9)
  })
})

describe('one thing wrong is one problem', () => {
  test.each<[what: string, traffic: object, path: string, expected: RegExp, got: RegExp]>([
    ['neither file nor times', {}, 'traffic.file', /either file or times/, /neither/],
    ['both', { file: 'arrivals.csv', times: [1] }, 'traffic.file', /either/, /both/],
    ['no time', { times: [] }, 'traffic.times', /at least one/, /empty list/],
    ['a time that is none', { times: [1, Number.NaN] }, 'traffic.times[1]', /seconds/, /NaN/],
    ['times in milliseconds', { times: [1_700_000_000_000] }, 'traffic.times[0]', /seconds/, /17/],
    ['a file with a wrong line', { file: 'other.csv' }, 'traffic.file', /seconds/, /^line 3: "soon"$/],
    ['a beginning past the end', { file: 'arrivals.csv', from: '3min' }, 'traffic.from', /119 s/, /180 s/],
    ['too little left', { file: 'arrivals.csv', from: '117s' }, 'traffic.from', /at least 5 s/, /3 s/],
    ['too short', { times: [1, 2] }, 'traffic.times', /at least 5 s/, /2 s/],
    ['too fast', { file: 'arrivals.csv', speed: '60x' }, 'traffic.speed', /at least 5 s/, /2 s at ×60/],
    ['too long', { times: [0, 1801] }, 'traffic.lasts', /at most 30min/, /1802 s/],
    [
      'a silent part',
      { times: [0, 60], from: '10s', lasts: '10s' },
      'traffic.from',
      /arrivals in it/,
      /none/,
    ],
    ['a speed without its sign', { file: 'arrivals.csv', speed: '60' }, 'traffic.speed', /"60x"/, /"60"/],
    ['more than the ceiling', { file: 'arrivals.csv', speed: '0.01x' }, 'traffic.lasts', /30min/, /11901 s/],
    [
      'a peak below normal',
      { file: 'arrivals.csv', normal: '8/s', peak: '6/s' },
      'traffic.peak',
      /no lower than the normal/,
      /6/,
    ],
    [
      'a shape of another kind',
      { file: 'arrivals.csv', arrivals: 'even' },
      'traffic.arrivals',
      /one of/,
      /unknown/,
    ],
  ])('%s', (_what, traffic, path, expected, got) => {
    const read = reading(traffic)
    expect(read.ok ? [] : read.problems).toEqual([
      { path, expected: expect.stringMatching(expected), got: expect.stringMatching(got) },
    ])
  })

  test('more arrivals a second than the ceiling', () => {
    const times = Array.from({ length: 20_002 }, (_, i) => (i < 20_001 ? i / 10_000 : 6))
    expect(reading({ times })).toMatchObject({
      ok: false,
      problems: [{ path: 'traffic.peak', expected: 'at most 2000 arrivals/s', got: '10000/s' }],
    })
  })

  test('a quick peak: nobody knows who else would have come', () => {
    expect(reading({ file: 'arrivals.csv' }, { quick: { peak: '2x' } })).toMatchObject({
      ok: false,
      problems: [{ path: 'quick.peak' }],
    })
  })

  test('a file where none can be read', () => {
    const read = readScenario({ ...exampleScenario(), traffic: { kind: 'replay', file: 'x' } })
    expect(read).toMatchObject({ ok: false, problems: [{ path: 'traffic.file', got: 'one that was not' }] })
  })
})

test('whatever stands in whatever part', () => {
  const anything = fc.anything({ withBigInt: true, withNullPrototype: true })
  const likely = fc.constantFrom('5s', '60x', '1/s', 'arrivals.csv', '0.01x', '10min', [1, 2e9], [0, 9, 1e-7])
  const part = fc.oneof(likely, anything)
  const parts = ['file', 'times', 'from', 'lasts', 'speed', 'normal', 'peak']
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...parts), part), (traffic) => {
      const read = reading(traffic)
      for (const problem of read.ok ? [] : read.problems) {
        expect(problem.path).toMatch(/^(traffic|quick|slo)/)
        expect(problem.expected).not.toMatch(/^(Invalid|Unrecognized|Too )/)
        expect(problem.got.length).toBeLessThan(300)
      }
    }),
    { numRuns: 500 },
  )
})
