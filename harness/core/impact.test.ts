import { describe, expect, it } from 'vitest'
import { impact } from './impact.ts'
import { buildRun } from './testing/build-run.ts'
import type { SegmentSpec } from './testing/build-segment.ts'

const CURVE = [
  { atSec: 0, perSec: 20 },
  { atSec: 10, perSec: 20 },
]
const surge: SegmentSpec = {
  purpose: 'surge',
  curve: CURVE,
  second: () => ({ clicks: 80, errorRatio: 0.5 }),
  orders: orders('t', 12),
}
const replay: SegmentSpec = {
  purpose: 'surge',
  arm: 1,
  curve: CURVE,
  second: () => ({ clicks: 80 }),
  orders: orders('r', 40),
}
const TWO_ARMS = [{}, { fixes: [{ id: 'database.scale-up', step: 3 } as const] }]

function orders(prefix: string, n: number) {
  return Array.from({ length: n }, (_, i) => ({ id: `${prefix}${i}`, value: 30 }))
}

describe('impact', () => {
  it('counts what the same plan yielded when it held', () => {
    const run = buildRun({ arms: TWO_ARMS, segments: [surge, replay] })
    expect(impact(run, run.segments[0]!, run.segments[1]!)).toEqual({
      ordersExpected: 40,
      ordersTaken: 12,
      ordersLost: 28,
      revenueLost: 840,
      currency: 'EUR',
      // 80 clicks a second by route: half of 19, 23, 34 and 4, each rounded.
      shoppersTurnedAway: 10 * (10 + 12 + 17 + 2),
      method: 'measured: orders taken when the same plan was replayed on a topology that held',
    })
  })

  it('loses nothing on a replay that took as many, and never a negative number', () => {
    const run = buildRun({ arms: TWO_ARMS, segments: [surge, { ...replay, orders: orders('r', 5) }] })
    expect(impact(run, run.segments[0]!, run.segments[1]!)).toMatchObject({
      ordersExpected: 12,
      ordersLost: 0,
      revenueLost: 0,
    })
  })

  it('counts an order that was acknowledged twice once', () => {
    const run = buildRun({
      arms: TWO_ARMS,
      segments: [{ ...surge, orders: [...orders('t', 12), ...orders('t', 3)] }, replay],
    })
    expect(impact(run, run.segments[0]!, run.segments[1]!)).toMatchObject({ ordersTaken: 12, ordersLost: 28 })
  })

  it('does not take another surge for the same one', () => {
    const longer = { ...replay, curve: [CURVE[0]!, { atSec: 20, perSec: 20 }] }
    const run = buildRun({ arms: TWO_ARMS, segments: [surge, longer] })
    expect(impact(run, run.segments[0]!, run.segments[1]!).method).not.toMatch(/^measured/)
  })

  it('falls back on orders a shopper in healthy steps, failing steps left out', () => {
    const run = buildRun({
      segments: [
        { ...surge, engine: { sessionsIntended: 200 } },
        { perSec: 10, durationSec: 4, orders: orders('a', 8) },
        { perSec: 30, durationSec: 4, orders: orders('b', 24) },
        { perSec: 60, durationSec: 4, second: () => ({ errorRatio: 0.3 }), orders: orders('c', 1) },
      ],
    })
    expect(impact(run, run.segments[0]!)).toMatchObject({
      ordersExpected: 40,
      ordersLost: 28,
      method: 'estimated: 0.200 orders a shopper in healthy steps × 200 shoppers',
    })
  })

  it('falls back further on the checkouts that were clicked, and says that this is the least', () => {
    const run = buildRun({ segments: [surge] })
    expect(impact(run, run.segments[0]!)).toMatchObject({
      ordersExpected: 40,
      ordersTaken: 12,
      ordersLost: 28,
      method: expect.stringMatching(/^at least/),
    })
  })

  it('holds a surge that was ended early against what the same plan yielded until then', () => {
    const early: SegmentSpec = {
      ...surge,
      orders: orders('t', 3),
      aborted: 'a rule',
      abortedBy: 'rule',
      engine: { durationSec: 4, endedEarly: 'asked', sessionsIntended: 80 },
    }
    // One order a second, so that four were taken within the first four seconds.
    const steady: SegmentSpec = {
      ...replay,
      orders: [],
      extra: ({ segment, startUs }) =>
        Array.from({ length: 10 }, (_, sec) => ({
          kind: 'order',
          segment,
          atUs: startUs + sec * 1e6,
          id: `r${sec}`,
          value: 30,
          currency: 'EUR',
        })),
    }
    const run = buildRun({ arms: TWO_ARMS, segments: [early, steady] })
    expect(impact(run, run.segments[0]!, run.segments[1]!)).toMatchObject({
      ordersExpected: 4,
      ordersLost: 1,
      method: 'measured: orders taken until then when the same plan was replayed on a topology that held',
    })
    const alone = buildRun({ segments: [early, { perSec: 10, durationSec: 4, orders: orders('a', 8) }] })
    expect(impact(alone, alone.segments[0]!)).toMatchObject({
      ordersExpected: 16,
      method: expect.stringMatching(
        /80 shoppers, those still in the shop when its load was ended among them$/,
      ),
    })
  })
})
