import fc from 'fast-check'
import { mean, sampleVariance } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import type { RateCurve } from '../plan.ts'
import { arrivals } from './arrivals.ts'
import { expectedArrivals } from './curve.ts'

const flat = (perSec: number, durationSec: number): RateCurve => [
  { atSec: 0, perSec },
  { atSec: durationSec, perSec },
]
const RAMP: RateCurve = [
  { atSec: 0, perSec: 10 },
  { atSec: 5, perSec: 10 },
  { atSec: 10, perSec: 90 },
]
const times = (...of: Parameters<typeof arrivals>) => [...arrivals(...of)].map(({ atUs }) => atUs)

describe('arrivals', () => {
  it('are the same microseconds for the same seed, on any machine', () => {
    expect(times(flat(2, 2), 42, 1)).toEqual([
      -162928, -52141, 153780, 956855, 995009, 1357209, 1984897, 1990324,
    ])
    expect(times(RAMP, 1, 3)).toEqual(times(RAMP, 1, 3))
    expect(times(RAMP, 1, 3)).not.toEqual(times(RAMP, 2, 3))
  })

  it.each([
    [{ kind: 'poisson' }, 299, [-832586, -810429, -769244, 915035, 6395109, 8592895]],
    [{ kind: 'balanced', count: 10 }, 310, [-989204, -926531, -801257, 1007302, 6768251, 8606578]],
    [{ kind: 'even' }, 310, [-950000, -850000, -750000, 1050000, 6710192, 8612112]],
    [{ kind: 'replay', atUs: [7, 9_999_999] }, 2, [7, 9_999_999]],
  ] as const)('of every kind are the same as ever: %o', (kind, count, golden) => {
    const all = times(RAMP, 42, 1, undefined, kind)
    expect(all).toHaveLength(count)
    expect([0, 1, 2, 20, 100, 200].flatMap((i) => all[i] ?? [])).toEqual(golden)
  })

  it('are sorted, numbered and inside the plan', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 5 }), (seed, fillSec) => {
        const all = [...arrivals(RAMP, seed, fillSec)]
        const right = all.filter(
          ({ index, atUs }, i) =>
            index === i &&
            Number.isInteger(atUs) &&
            atUs >= (all[i - 1]?.atUs ?? -fillSec * 1e6) &&
            atUs < 10e6,
        )
        expect(right).toEqual(all)
      }),
    )
  })

  it('are Poisson: index of dispersion 1 in windows of 0.1 s', () => {
    const perWindow = new Array<number>(6000).fill(0)
    for (const atUs of times(flat(50, 600), 7, 0)) perWindow[Math.floor(atUs / 100_000)]!++
    // 6000 windows: 99.99 % of Poisson samples lie within 1 ± 3.9·sqrt(2/5999) = 0.93 … 1.07.
    expect(sampleVariance(perWindow) / mean(perWindow)).toBeGreaterThan(0.93)
    expect(sampleVariance(perWindow) / mean(perWindow)).toBeLessThan(1.07)
  })

  it('have unit-exponential gaps once time is measured in expected arrivals, ramps included (χ², 20 bins)', () => {
    const bins = new Array<number>(20).fill(0)
    let n = 0
    for (let seed = 0; seed < 40; seed++) {
      let before = 0
      for (const atUs of times(RAMP, seed, 0)) {
        const area = expectedArrivals(RAMP, 0, atUs / 1e6)
        bins[Math.min(19, Math.floor(20 * (1 - Math.exp(before - area))))]!++
        before = area
        n++
      }
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0)
    // 19 degrees of freedom: 99.99 % below 51.
    expect(chiSquare).toBeLessThan(51)
  })

  it('come as often as the curve expects, on ramps too', () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => times(RAMP, seed, 0))
    for (const [fromSec, toSec] of [
      [0, 5],
      [5, 7.5],
      [7.5, 10],
    ] as const) {
      const expected = expectedArrivals(RAMP, fromSec, toSec)
      const seen = mean(
        seeds.map((all) => all.filter((us) => us >= fromSec * 1e6 && us < toSec * 1e6).length),
      )
      expect(Math.abs(seen - expected)).toBeLessThan(4 * Math.sqrt(expected / 200))
    }
  })

  it('fill up at the rate the curve begins with', () => {
    const counts = Array.from(
      { length: 200 },
      (_, seed) => times(RAMP, seed, 4).filter((us) => us < 0).length,
    )
    expect(Math.abs(mean(counts) - 40)).toBeLessThan(4 * Math.sqrt(40 / 200))
  })

  it('that are balanced number what their rate says in every stretch, and burst like Poisson within it', () => {
    const counts = new Array<number>(100).fill(0)
    const tenths = new Array<number>(1000).fill(0)
    for (let seed = 0; seed < 30; seed++) {
      const all = [...arrivals(flat(40, 100), seed, 0, undefined, { kind: 'balanced', count: 40 })]
      counts.fill(0)
      for (const { atUs } of all) {
        counts[Math.floor(atUs / 1e6)]!++
        if (seed === 0) tenths[Math.floor(atUs / 1e5)]!++
      }
      expect(new Set(counts)).toEqual(new Set([40]))
    }
    // Binomial counts (40 in ten tenths): variance ÷ mean is 1 − 1/10; 1000 windows, 4 standard errors.
    expect(Math.abs(sampleVariance(tenths) / mean(tenths) - 0.9)).toBeLessThan(4 * 0.9 * Math.sqrt(2 / 999))
  })

  it('that are even stand at equal distance, of expected arrivals where the rate changes', () => {
    const even = (curve: RateCurve) =>
      [...arrivals(curve, 1, 0, undefined, { kind: 'even' })].map(({ atUs }) => atUs)
    expect(even(flat(4, 1))).toEqual([125_000, 375_000, 625_000, 875_000])
    const ramp = even(RAMP)
    expect(ramp).toHaveLength(300)
    expect(ramp.filter((us) => us < 5e6)).toHaveLength(50)
  })

  it('that are replayed come when they came, shared out among partitions', () => {
    const process = { kind: 'replay', atUs: [5, 70_000, 70_000, 2_000_000] } as const
    expect([...arrivals(RAMP, 1, 9, undefined, process)].map(({ atUs }) => atUs)).toEqual([...process.atUs])
    expect([...arrivals(RAMP, 1, 0, { index: 1, of: 3 }, process)]).toEqual([{ index: 1, atUs: 70_000 }])
  })

  it('of n partitions are together exactly those of one', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 7 }), (seed, of) => {
        const whole = [...arrivals(RAMP, seed, 2)]
        const parts = Array.from({ length: of }, (_, index) => [...arrivals(RAMP, seed, 2, { index, of })])
        expect(parts.flat().sort((a, b) => a.index - b.index)).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  it('are none on an empty curve or at rate zero', () => {
    expect(times([], 1, 5)).toEqual([])
    expect(times(flat(0, 10), 1, 5)).toEqual([])
  })
})
