import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTimes } from './read-times.ts'

const read = (text: string) => {
  const reading = readTimes(text)
  return reading.ok ? [...reading.timesUs] : reading.problems
}

describe('times that are right', () => {
  test.each([
    ['seconds', '0\n0.5\n17.25\n', [0, 500_000, 17_250_000]],
    ['whatever their order and their origin', '-3\n807256800.000001\n2', [-3e6, 807_256_800_000_001, 2e6]],
    ['a header, a byte order mark, CRLF and empty lines', '\uFEFFtime\r\n\r\n1\r\n2\r\n\r\n', [1e6, 2e6]],
    ['dates with offsets', '1970-01-01T00:00:01Z\n1970-01-01T01:00:02.000001+01:00', [1e6, 2_000_001]],
    ['dates as databases write them', '1970-01-01 00:30:00,5+0030\n1969-12-31 23:00:00-0100', [500_000, 0]],
  ])('%s', (_what, text, timesUs) => {
    expect(read(text)).toEqual(timesUs)
  })

  test('keep every microsecond of any time since 1970', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2e15 }), { minLength: 1 }), (timesUs) => {
        const text = timesUs.map((us) => `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`)
        const dates = timesUs.map(
          (us) =>
            `${new Date(Math.floor(us / 1e6) * 1000).toISOString().slice(0, 19)}.${String(us % 1e6).padStart(6, '0')}Z`,
        )
        expect(read(text.join('\n'))).toEqual(timesUs)
        expect(read(dates.join('\n'))).toEqual(timesUs)
      }),
    )
  })
})

describe('what is wrong is told with its line', () => {
  test.each<[string, string, RegExp, RegExp]>([
    ['a date without its offset', '2026-11-27T00:00:00', /with its offset/, /^line 1: "2026/],
    ['a day that is none', '2026-02-30T00:00:00Z', /a date/, /line 1/],
    ['milliseconds', '1700000000123', /not milliseconds/, /line 1/],
    ['a second column', 'time\n1\n2,GET', /alone on its line/, /line 3: "2,GET"/],
    ['a word further down', '1\nsoon\n', /seconds such as/, /line 2: "soon"/],
    ['a date among seconds', '1\n1970-01-01T00:00:01Z', /seconds, as on the lines before/, /line 2/],
    ['seconds among dates', '1970-01-01T00:00:01Z\n1', /a date, as on the lines before/, /line 2/],
    ['nothing', '', /one time a line/, /no line/],
    ['a header alone', 'time\n', /one time a line/, /no line/],
  ])('%s', (_what, text, expected, got) => {
    expect(read(text)).toEqual([
      { expected: expect.stringMatching(expected), got: expect.stringMatching(got) },
    ])
  })

  test('line by line, and the rest of a file of another kind as a number', () => {
    const problems = read(`time\n${'a b\n'.repeat(1000)}`)
    expect(problems).toHaveLength(11)
    expect(problems.at(-1)).toMatchObject({ got: expect.stringContaining('990 more') })
  })

  test('more than a million', () => {
    expect(read('1\n'.repeat(1_000_000))).toHaveLength(1_000_000)
    expect(read('1\n'.repeat(1_000_001))).toEqual([
      { expected: 'at most 1000000 times', got: 'more than that' },
    ])
  })

  test('whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const reading = readTimes(text)
        for (const { got } of reading.ok ? [] : reading.problems) expect(got.length).toBeLessThan(200)
      }),
    )
  })
})
