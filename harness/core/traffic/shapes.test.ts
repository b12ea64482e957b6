import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DrawnShape, SHAPE_KINDS } from '../scenario.ts'
import { expectedArrivals, rateAt } from './curve.ts'
import { drawTraffic } from './shapes.ts'

function shape(kind: DrawnShape['kind'], lastsSec = 45): DrawnShape {
  return { kind, normalPerSec: 5, peak: { kind: 'factor', factor: 12 }, lastsSec, arrivals: 'poisson' }
}

test('doors open at 45 s: five seconds of normal, two of rise, fifteen at the peak, an ebb, thirteen to recover', () => {
  expect(drawTraffic(shape('doors-open'), false).curve).toEqual([
    { atSec: 0, perSec: 5 },
    { atSec: 5, perSec: 5 },
    { atSec: 7, perSec: 60 },
    { atSec: 22, perSec: 60 },
    { atSec: 32, perSec: 5 },
    { atSec: 45, perSec: 5 },
  ])
})

test('doors open at 45 s leaves three times a patience of 3 s to see the recovery', () => {
  const { curve } = drawTraffic(shape('doors-open'), false)
  const [ebbed, end] = curve.slice(-2)
  expect(end!.atSec - ebbed!.atSec).toBeGreaterThanOrEqual(9)
})

test('a flash sale rises within half a second of forty, and has lost half its peak before half-time', () => {
  const { curve } = drawTraffic(shape('flash-sale', 40), false)
  expect(rateAt(curve, 3.99)).toBeCloseTo(5, 6)
  expect(rateAt(curve, 4.4)).toBeCloseTo(60, 6)
  expect(rateAt(curve, 20)).toBeLessThan(30)
})

test('a sustained peak spends at least half its length at the peak, and no shape brings more shoppers', () => {
  const shoppers = (kind: DrawnShape['kind']) =>
    expectedArrivals(drawTraffic(shape(kind, 60), false).curve, 0, 60)
  const { curve } = drawTraffic(shape('sustained', 60), false)
  const atPeak = Array.from({ length: 600 }, (_, i) => rateAt(curve, i / 10)).filter((rate) => rate > 59.9)
  expect(atPeak.length).toBeGreaterThanOrEqual(299)
  expect(shoppers('sustained')).toBeGreaterThan(Math.max(shoppers('doors-open'), shoppers('flash-sale')))
})

test('constant load has no normal beside its peak', () => {
  const traffic = drawTraffic(
    {
      kind: 'constant',
      normalPerSec: 20,
      peak: { kind: 'factor', factor: 2 },
      lastsSec: 30,
      arrivals: 'poisson',
    },
    false,
  )
  expect(traffic).toMatchObject({ normalPerSec: 40, peakPerSec: 40 })
  expect(new Set(traffic.curve.map(({ perSec }) => perSec))).toEqual(new Set([40]))
})

describe('every shape', () => {
  test.each(SHAPE_KINDS)(
    '%s: sorted from 0 to its length, between normal and peak, the peak reached',
    (kind) => {
      fc.assert(
        fc.property(
          fc.double({ min: 0.1, max: 100, noNaN: true }),
          fc.double({ min: 1, max: 20, noNaN: true }),
          fc.integer({ min: 5, max: 1800 }),
          (normalPerSec, factor, lastsSec) => {
            const { curve, peakPerSec } = drawTraffic(
              { kind, normalPerSec, peak: { kind: 'factor', factor }, lastsSec, arrivals: 'poisson' },
              false,
            )
            expect(curve[0]!.atSec).toBe(0)
            expect(curve.at(-1)!.atSec).toBe(lastsSec)
            for (let i = 1; i < curve.length; i++)
              expect(curve[i]!.atSec).toBeGreaterThan(curve[i - 1]!.atSec)
            const rates = curve.map(({ perSec }) => perSec)
            expect(Math.max(...rates)).toBeCloseTo(peakPerSec, 9)
            expect(Math.min(...rates)).toBeGreaterThanOrEqual(normalPerSec * (1 - 1e-12))
            expect(peakPerSec).toBeCloseTo(normalPerSec * factor, 9)
          },
        ),
      )
    },
  )

  test.each(['doors-open', 'flash-sale', 'sustained'] as const)('%s begins and ends at normal', (kind) => {
    const { curve } = drawTraffic(shape(kind), false)
    expect([curve[0]!.perSec, curve[1]!.perSec, curve.at(-2)!.perSec, curve.at(-1)!.perSec]).toEqual([
      5, 5, 5, 5,
    ])
  })
})
