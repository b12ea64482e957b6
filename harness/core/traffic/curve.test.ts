import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RateCurve } from '../plan.ts'
import { arrivalClock, expectedArrivals, peakPerSec, rateAt } from './curve.ts'

/** 5/s for 10 s, a ramp to 60/s in 2 s, 60/s for 8 s, a drop to 20/s at once, 20/s for 5 s. */
const SURGE: RateCurve = [
  { atSec: 0, perSec: 5 },
  { atSec: 10, perSec: 5 },
  { atSec: 12, perSec: 60 },
  { atSec: 20, perSec: 60 },
  { atSec: 20, perSec: 20 },
  { atSec: 25, perSec: 20 },
]

const curves = fc
  .array(fc.record({ gapSec: fc.double({ min: 0.01, max: 100, noNaN: true }), perSec: fc.nat(1000) }), {
    minLength: 2,
    maxLength: 8,
  })
  .map((points): RateCurve => {
    let atSec = 0
    return points.map(({ gapSec, perSec }, i) => {
      if (i > 0) atSec += gapSec
      return { atSec, perSec }
    })
  })

describe('a rate curve', () => {
  it('has its rate by linear interpolation, the later one at a step, and none outside', () => {
    expect(rateAt(SURGE, 3)).toBe(5)
    expect(rateAt(SURGE, 11)).toBe(32.5)
    expect(rateAt(SURGE, 20)).toBe(20)
    expect(rateAt(SURGE, 25)).toBe(20)
    expect(rateAt(SURGE, 25.1)).toBe(0)
    expect(rateAt(SURGE, -1)).toBe(0)
    expect(rateAt([], 0)).toBe(0)
    expect(peakPerSec(SURGE)).toBe(60)
  })

  it('expects as many arrivals as its area', () => {
    expect(expectedArrivals(SURGE, 0, 25)).toBeCloseTo(50 + 65 + 480 + 100, 9)
    expect(expectedArrivals(SURGE, 10, 11)).toBeCloseTo((5 + 32.5) / 2, 9)
    expect(expectedArrivals(SURGE, 19, 21)).toBeCloseTo(80, 9)
    expect(expectedArrivals(SURGE, -5, 0)).toBe(0)
  })

  it('inverts its expected arrivals', () => {
    fc.assert(
      fc.property(
        curves,
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }),
        (curve, shares) => {
          const endSec = curve.at(-1)!.atSec
          const total = expectedArrivals(curve, 0, endSec)
          const reach = arrivalClock(curve)
          for (const share of shares.sort((a, b) => a - b)) {
            const atSec = reach(share * total)
            if (total === 0) {
              expect(atSec).toBeNull()
            } else {
              expect(Math.abs(expectedArrivals(curve, 0, atSec!) - share * total)).toBeLessThan(
                1e-6 * Math.max(1, total),
              )
            }
          }
          expect(reach(total * 1.001 + 1e-9)).toBeNull()
        },
      ),
    )
  })

  it('never places an arrival where the rate is zero', () => {
    const reach = arrivalClock([
      { atSec: 0, perSec: 0 },
      { atSec: 10, perSec: 0 },
      { atSec: 10, perSec: 4 },
      { atSec: 11, perSec: 4 },
    ])
    expect(reach(0)).toBe(10)
    expect(reach(2)).toBe(10.5)
    expect(reach(4)).toBeNull()
  })
})
