import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readScenario } from '../scenario-input.ts'
import { exampleScenario } from '../testing/example-scenario.ts'
import { feedersOf, type ReadDataFile } from './feeders-of.ts'

const ROWS = [{ email: 'a@x' }, { email: 'b@x' }]
const readFile: ReadDataFile = ({ kind, file }) =>
  file === 'bad.csv'
    ? {
        ok: false,
        problems: [
          { expected: '2 columns', got: '1 in line 3' },
          { expected: '2 columns', got: '3 in line 9' },
        ],
      }
    : { ok: true, entries: kind === 'csv' ? ROWS : [1, 'two', null] }

describe('a source that is right has a count and its entries', () => {
  test('a range, without making its numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.nat({ max: 999_999 }),
        fc.nat({ max: 999_999 }),
        (from, length, index) => {
          const { product } = feedersOf({ product: { from, to: from + length } }, readFile).feeders
          expect(product!.count).toBe(length + 1)
          expect(product!.at(index % (length + 1))).toBe(from + (index % (length + 1)))
        },
      ),
    )
  })

  test('a list, the rows of a file, the values of another', () => {
    const { feeders, problems } = feedersOf(
      { sizes: ['S', 'M'], user: { kind: 'csv', file: 'u.csv' }, coupon: { kind: 'json', file: 'c.json' } },
      readFile,
    )
    expect(problems).toEqual([])
    expect([feeders['sizes']!.count, feeders['sizes']!.at(1)]).toEqual([2, 'M'])
    expect([feeders['user']!.count, feeders['user']!.at(1)]).toEqual([2, ROWS[1]])
    expect([feeders['coupon']!.count, feeders['coupon']!.at(2)]).toEqual([3, null])
  })

  test('a generator, with and without an end', () => {
    const value = (n: number) => `user${n}`
    const { feeders } = feedersOf(
      {
        endless: { kind: 'generate', value, options: {} },
        some: { kind: 'generate', value, options: { count: 3 } },
      },
      readFile,
    )
    expect([feeders['endless']!.count, feeders['endless']!.at(1e12)]).toEqual([
      Number.POSITIVE_INFINITY,
      'user1000000000000',
    ])
    expect([feeders['some']!.count, feeders['some']!.at(2)]).toEqual([3, 'user2'])
  })
})

test('what was not given is not there, whatever it is called', () => {
  const { feeders } = feedersOf({ constructor: [1] }, readFile)
  expect([feeders['toString'], feeders['constructor']!.count]).toEqual([undefined, 1])
})

describe('one thing wrong is one problem', () => {
  test.each<[what: string, source: unknown, path: string, expected: RegExp, got: RegExp]>([
    ['a word', 'users.csv', 'data.user', /csv\("users\.csv"\)/, /"users\.csv"/],
    ['nothing', undefined, 'data.user', /range\(1, 100\)/, /nothing/],
    ['an empty list', [], 'data.user', /at least one value/, /an empty list/],
    ['half a range', { from: 1 }, 'data.user.to', /range\(from, to\)/, /nothing/],
    ['a range of parts', { from: 0.5, to: 3 }, 'data.user.from', /whole numbers/, /0\.5/],
    ['a range too long', { from: 0, to: 1_000_000 }, 'data.user', /at most 1,000,000/, /from, to/],
    ['a step', { from: 1, to: 3, step: 1 }, 'data.user.step', /one of from, to/, /unknown key "step"/],
    ['a file without a path', { kind: 'csv', file: '' }, 'data.user.file', /path of a file/, /""/],
    ['a number for a path', { kind: 'json', file: 7 }, 'data.user.file', /path of a file/, /7/],
    [
      'a value for a function',
      { kind: 'generate', value: 'x', options: {} },
      'data.user.value',
      /generate\(\(n\)/,
      /"x"/,
    ],
    [
      'a count of nothing',
      { kind: 'generate', value: () => 1, options: { count: 0 } },
      'data.user.options.count',
      /from 1 to/,
      /0/,
    ],
    [
      'a number for options',
      { kind: 'generate', value: () => 1, options: 1000 },
      'data.user.options',
      /an object with count/,
      /1000/,
    ],
    [
      'an option nobody knows',
      { kind: 'generate', value: () => 1, options: { counts: 3 } },
      'data.user.options.counts',
      /one of count/,
      /did you mean "count"/,
    ],
  ])('%s', (_what, source, path, expected, got) => {
    expect(feedersOf({ user: source }, readFile).problems).toEqual([
      { path, expected: expect.stringMatching(expected), got: expect.stringMatching(got) },
    ])
  })

  test('of a file, all that its reader found, beside what else is wrong with the scenario', () => {
    const reading = readScenario(
      {
        ...exampleScenario(),
        data: { user: { kind: 'csv', file: 'bad.csv' }, sizes: [], '1x': [1] },
        seed: -1,
      },
      { times: () => ({ ok: false, problems: [] }), data: readFile },
    )
    expect(reading.ok ? [] : reading.problems.map(({ path, got }) => `${path} ${got}`)).toEqual([
      'data["1x"] "1x"',
      'data.user 1 in line 3',
      'data.user 3 in line 9',
      'data.sizes an empty list',
      'seed -1',
    ])
  })
})

describe('a list in the scenario', () => {
  const dataOf = (list: unknown) => readScenario({ ...exampleScenario(), data: { list } })

  test('hands its entries on as they are, whatever they are', () => {
    const entries = [new Date(0), new Map([[1, 2]]), () => 3, undefined]
    const reading = dataOf(entries)
    entries.forEach((entry, i) => {
      expect(reading.ok && reading.scenario.data['list']!.at(i)).toBe(entry)
    })
  })

  test('may be long, and is a problem when it is too long or cannot be read', () => {
    expect(dataOf(new Array(1_000_000).fill(0)).ok).toBe(true)
    const spoilt = Object.defineProperty([1, 2], 1, {
      get() {
        throw new Error('not today')
      },
    })
    for (const [list, got] of [
      [new Array(1_000_001), /a list of 1000001/],
      [new Array(1e9), /a list of/],
      [spoilt, /not today/],
    ] as const) {
      const reading = dataOf(list)
      expect(reading.ok ? [] : reading.problems).toEqual([
        { path: 'data.list', expected: expect.any(String), got: expect.stringMatching(got) },
      ])
    }
  })
})
