import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SlotLine } from '../record.ts'
import { slot } from '../testing/build-segment.ts'
import { LiveSlo } from './live-slo.ts'
import { judgeSlo } from './slo.ts'
import { tallyClicks } from './tally-clicks.ts'

const START_US = 7_000_000
const at = (sec: number) => START_US + sec * 1e6

/** A live view that was given these lines, and told of everything before `toldSec`. */
function told(toldSec: number, slots: readonly SlotLine[], longestSec = 30): LiveSlo {
  const live = new LiveSlo(START_US, longestSec)
  for (const line of slots) live.add(line)
  live.tick(at(toldSec + 1), 0)
  return live
}

describe('the last seconds of a segment', () => {
  const everySecond = Array.from({ length: 40 }, (_, sec) => slot({ sec, n: 10, responseMs: 10 + sec }))

  test('are those before the last that was told of, and no others', () => {
    const live = told(25, everySecond)
    expect(live.tallies(10)?.all.clicks).toBe(100)
    expect(live.judge(10, { all: { p50Ms: 30, p99Ms: 35 } })?.broken).toEqual([])
    expect(live.judge(10, { all: { p50Ms: 20 } })?.broken[0]).toMatch(
      /^p50 of all clicks (29|30) ms > 20 ms$/,
    )
  })

  test('are nothing before the segment has run for that long', () => {
    expect(told(9, everySecond).tallies(10)).toBeNull()
    expect(told(9, everySecond).judge(10, { all: { p50Ms: 1 } })).toBeNull()
    expect(told(10, everySecond).tallies(10)?.all.clicks).toBe(100)
  })

  test('count what is told late, and neither attempts nor what filled the step', () => {
    const live = told(20, everySecond)
    live.add(slot({ sec: 15, n: 5, outcome: 'given-up' }))
    live.add(slot({ sec: 15, n: 50, of: 'attempt' }))
    live.add(slot({ sec: -3, n: 50 }))
    live.add(slot({ sec: 9, n: 50, outcome: 'given-up' }))
    expect(live.tallies(10)?.all).toMatchObject({ clicks: 105, ok: 100 })
  })

  test('are judged by route', () => {
    const live = told(10, [
      ...everySecond,
      slot({ sec: 4, n: 30, route: 'POST /checkout', outcome: 'shed' }),
      slot({ sec: 5, n: 10, route: 'GET /few', outcome: 'shed' }),
    ])
    expect(
      live.judge(10, { 'POST /checkout': { errorRatio: 0.5 }, 'GET /few': { errorRatio: 0.5 } }),
    ).toMatchObject({
      broken: ['100 % of POST /checkout failed > 50 %'],
      notJudged: ['errors of GET /few'],
    })
  })

  test('with too few clicks are not judged', () => {
    const live = told(10, [slot({ sec: 3, n: 19, outcome: 'given-up' })])
    expect(live.judge(10, { all: { errorRatio: 0.1 } })).toMatchObject({ judged: 0, broken: [] })
  })

  /** 20 clicks a second; from second 20 on each one's end, after `waitSec`, is `outcome` (`null`: it never ends). */
  function hangs(waitSec: number, outcome: SlotLine['outcome'] | null, atSec: number): LiveSlo {
    const live = new LiveSlo(START_US, 10)
    for (let sec = 0; sec < atSec; sec++) {
      if (sec < 20) live.add(slot({ sec, n: 20 }))
      const ending = sec - waitSec
      if (ending >= 20 && outcome) live.add(slot({ sec: ending, n: 20, outcome, responseMs: waitSec * 1000 }))
      live.tick(at(sec + 1), 20)
    }
    return live
  }

  test('are those before, while the clicks of the last ones still wait', () => {
    // Whoever waits is neither right nor wrong yet: the window stays where nearly all are known.
    expect(hangs(8, 'given-up', 27).tallies(10)?.all).toMatchObject({ clicks: 200, ok: 200 })
    // At second 35 the clicks of seconds up to 26 have ended: 17 … 26 are judged.
    const { clicks, ok } = hangs(8, 'given-up', 35).tallies(10)!.all
    expect(ok / clicks).toBeCloseTo(0.3, 1)
    const slow = hangs(8, 'ok', 40).judge(10, { all: { p50Ms: 5000, errorRatio: 0.01 } })
    expect(slow?.broken).toEqual([expect.stringMatching(/^p50 of all clicks/)])
  })

  test('do not count fast failures alone while slow answers are on their way', () => {
    const live = new LiveSlo(START_US, 10)
    for (let sec = 0; sec < 40; sec++) {
      live.add(slot({ sec, n: 8, outcome: 'shed', responseMs: 1 }))
      if (sec >= 8) live.add(slot({ sec: sec - 8, n: 12, responseMs: 8000 }))
      live.tick(at(sec + 1), 20)
      expect(live.judge(10, { all: { errorRatio: 0.5 } })?.broken ?? []).toEqual([])
    }
    expect(live.tallies(10)?.all.clicks).toBeGreaterThan(180)
  })

  test('count a click without an answer for 30 s as failed, however patient its shopper', () => {
    expect(hangs(1e9, null, 49).judge(10, { all: { errorRatio: 0.5 } })?.broken).toEqual([])
    expect(hangs(1e9, null, 60).judge(10, { all: { errorRatio: 0.5 } })?.broken).toHaveLength(1)
  })

  test('are all that is kept, however long the segment', () => {
    const live = new LiveSlo(START_US, 10)
    let kept = 0
    for (let sec = 0; sec < 1000; sec++) {
      live.add(slot({ sec, n: 1 }))
      live.tick(at(sec + 1), 1)
      kept = Math.max(kept, live.keptSec)
    }
    expect(kept).toBeLessThanOrEqual(42)
  })
})

test('whatever comes in whatever order is judged as the same clicks are at the end', () => {
  const outcome = fc.constantFrom('ok' as const, 'given-up' as const, 'shed' as const)
  const line = fc.record({
    sec: fc.integer({ min: -2, max: 39 }),
    n: fc.integer({ min: 1, max: 40 }),
    route: fc.constantFrom('GET /', 'POST /checkout'),
    outcome,
    responseMs: fc.integer({ min: 1, max: 4000 }),
  })
  const slo = { all: { p95Ms: 500, errorRatio: 0.2 }, 'POST /checkout': { p50Ms: 300 } }
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 60 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 10, max: 30 }),
      (specs, toldSec, overSec) => {
        const slots = specs.map((spec) => slot(spec))
        const live = new LiveSlo(START_US, 30)
        // Half of them before each second is told of, the others late.
        for (const one of slots) if (one.n % 2 === 0) live.add(one)
        for (let sec = 0; sec <= toldSec; sec++) live.tick(at(sec + 1), 0)
        for (const one of slots) if (one.n % 2 === 1) live.add(one)
        const within = slots.filter(({ sec }) => sec >= toldSec - overSec && sec < toldSec)
        const expected = toldSec < overSec ? null : judgeSlo(tallyClicks(within), slo)
        expect(live.judge(overSec, slo)).toEqual(expected)
      },
    ),
  )
})
