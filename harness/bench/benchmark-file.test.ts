import { describe, expect, it } from 'vitest'
import { benchmarkFile, benchmarkMarkdown, withRows } from './benchmark-file.ts'
import type { Figure } from './row.ts'

const FIGURES: readonly Figure[] = [
  { what: 'cost', measured: 1.4321, unit: '×', must: { atMost: 1.6 }, aim: 1, low: 1.2, high: 1.7, n: 5 },
  {
    what: 'rate',
    measured: 45_000,
    unit: '/s',
    must: { atLeast: 20_000 },
    aim: 40_000,
    beside: { wrk: 98_819.4 },
  },
  { what: 'a | b', measured: Number.NaN, unit: '%', must: { atMost: 3 }, notes: ['hey: not installed'] },
]
const FILE = benchmarkFile('engine', new Date('2026-12-01T10:00:00Z'), { cores: 2, node: '20.20.0' }, FIGURES)

describe('benchmarkFile', () => {
  it('says of each figure whether it reaches what it must, and what it should', () => {
    expect(FILE).toMatchObject({ schema: 1, name: 'engine', takenOn: '2026-12-01T10:00:00.000Z' })
    expect(FILE.rows).toEqual([
      {
        what: 'cost',
        takenOn: '2026-12-01T10:00:00.000Z',
        measured: 1.432,
        must: 1.6,
        bound: 'at-most',
        unit: '×',
        holds: true,
        aim: 1,
        aimReached: false,
        low: 1.2,
        high: 1.7,
        n: 5,
      },
      {
        what: 'rate',
        takenOn: '2026-12-01T10:00:00.000Z',
        measured: 45_000,
        must: 20_000,
        bound: 'at-least',
        unit: '/s',
        holds: true,
        aim: 40_000,
        aimReached: true,
        beside: { wrk: 98_820 },
      },
      {
        what: 'a | b',
        takenOn: '2026-12-01T10:00:00.000Z',
        measured: null,
        must: 3,
        bound: 'at-most',
        unit: '%',
        holds: false,
        notes: ['hey: not installed'],
      },
    ])
  })

  it('takes rows that were measured anew, each with its own date, and keeps the others', () => {
    const again = benchmarkFile('engine', new Date('2026-12-02T10:00:00Z'), FILE.machine, [
      { ...FIGURES[1]!, measured: 19_000 },
      { what: 'another', measured: 1, unit: 's', must: { atMost: 2 } },
    ])
    expect(
      withRows(FILE, again).rows.map(({ what, measured, holds, takenOn }) => [
        what,
        measured,
        holds,
        takenOn.slice(0, 10),
      ]),
    ).toEqual([
      ['cost', 1.432, true, '2026-12-01'],
      ['rate', 19_000, false, '2026-12-02'],
      ['a | b', null, false, '2026-12-01'],
      ['another', 1, true, '2026-12-02'],
    ])
    expect(withRows(null, again)).toEqual(again)
  })

  it('is a table for people as well', () => {
    const lines = benchmarkMarkdown(FILE).split('\n')
    expect(lines).toContain(
      '| ✓ | cost | 1.432 × (1.2–1.7) | ≤ 1.6 × · aim ≤ 1 ×, not reached |  | 2026-12-01 10:00 |',
    )
    expect(lines).toContain(
      '| ✓ | rate | 45,000/s | ≥ 20,000/s · aim ≥ 40,000/s, reached | wrk 98,820 | 2026-12-01 10:00 |',
    )
    expect(lines).toContain('| ✗ | a \\| b | not measured | ≤ 3 % | hey: not installed | 2026-12-01 10:00 |')
  })
})
