import { describe, expect, it } from 'vitest'
import type { SeriesLine } from '../record.ts'
import { buildRun } from '../testing/build-run.ts'
import { series, slot } from '../testing/build-segment.ts'
import { readRepeats } from './read-repeats.ts'

/** What one second's readings say. `asked`: requests sent in it, by route. */
type Second = {
  readonly asked: Readonly<Record<string, number>>
  readonly taken: number
  readonly answered?: number
  readonly waiting?: number
  readonly calls?: number
  readonly hits?: number
}

const CALM: Second = { asked: { a: 40, b: 10 }, taken: 60, calls: 150 }
const calm = (seconds: number) => Array.from({ length: seconds }, () => CALM)

/** The repeats of a surge; the window is its last `window` seconds. */
function repeats(seconds: readonly Second[], window: number) {
  const run = buildRun({ segments: [{ purpose: 'surge', perSec: 1, durationSec: seconds.length }] })
  const { startUs } = run.segments[0]!.line
  const lines = seconds.flatMap(({ asked, taken, answered, waiting = 0, calls, hits }, sec): SeriesLine[] => {
    const atUs = startUs + (sec + 1) * 1e6
    const all = Object.values(asked).reduce((sum, n) => sum + n, 0)
    const app = {
      poolAcquiresPerSec: taken,
      requestsPerSec: answered ?? all,
      poolWaiting: waiting,
      ...(hits !== undefined && { cacheHitsPerSec: hits }),
    }
    const statement = { queryId: 'q', query: '', execMs: 1, rows: 1, blocksHit: 1, blocksRead: 0 }
    return [
      series(atUs, 'app', 'app', 'app-1', app),
      {
        ...series(atUs, 'database', 'database', 'database', {}),
        ...(calls !== undefined && { statements: [{ ...statement, calls }] }),
      },
    ]
  })
  const slots = seconds.flatMap(({ asked }, sec) =>
    Object.entries(asked).map(([route, n]) => slot({ of: 'attempt', sec, route, n })),
  )
  const segments = [{ ...run.segments[0]!, slots, series: lines }]
  const lastUs = startUs + seconds.length * 1e6
  return readRepeats({ segments, series: lines }, [{ fromUs: lastUs - window * 1e6, toUs: lastUs }])
}

describe('what a page asks of the database', () => {
  it('is the same at any load, while each is worked on once', () => {
    const busy: Second = { asked: { a: 160, b: 40 }, taken: 240, calls: 600 }
    expect(repeats([...calm(5), busy, busy], 2)).toEqual({
      wanted: expect.closeTo(1.2),
      calmWanted: expect.closeTo(1.2),
      calls: expect.closeTo(3),
      calmCalls: expect.closeTo(3),
    })
  })

  it('is the same in an overload: what waits was asked for by somebody', () => {
    const over: Second = { asked: { a: 160, b: 40 }, taken: 120, answered: 100, calls: 300 }
    const found = repeats([...calm(5), { ...over, waiting: 120 }, { ...over, waiting: 240 }], 2)!
    expect(found.wanted).toBeCloseTo(1.2, 1)
    expect(found.calls! / found.calmCalls!).toBeCloseTo(1, 1)
  })

  it('is more when pages are worked on again, whether they get to the database or wait', () => {
    const storm: Second = { asked: { a: 80, b: 20 }, taken: 200, answered: 30, calls: 500 }
    const found = repeats([...calm(3), { ...storm, waiting: 100 }, { ...storm, waiting: 300 }], 2)!
    // 180 before, 400 since, and 300 that wait, for 350 requests.
    expect(found.wanted).toBeCloseTo((180 + 400 + 300) / 350)
    expect(found.calls! / found.calmCalls!).toBeGreaterThan(2)
  })

  it('does not say what was not measured, or cannot be compared', () => {
    const busy: Second = { asked: { a: 160, b: 40 }, taken: 240, calls: 600 }
    expect(repeats([{ asked: { a: 20 }, taken: 20 }, busy], 1)).toBeNull()
    expect(repeats([...calm(5), { ...busy, asked: { a: 140, b: 60 } }], 1)).not.toBeNull()
    expect(repeats([...calm(5), ...Array(5).fill({ ...busy, asked: { c: 200 } })], 5)).toBeNull()
    expect(repeats([...calm(5), { ...busy, hits: 9 }], 1)).toBeNull()
    const unread = [...calm(5), busy].map(({ calls: _, ...second }) => second)
    expect(repeats(unread, 1)).toMatchObject({ calls: null, calmCalls: null })
  })
})
