import fc from 'fast-check'
import { expect, it } from 'vitest'
import { meanRate } from './mean-rate.ts'

const CURVE = [
  { atSec: 0, perSec: 5 },
  { atSec: 5, perSec: 5 },
  { atSec: 7, perSec: 60 },
  { atSec: 10, perSec: 60 },
]

it('is the mean of the curve between two times, and counts nothing beyond its end', () => {
  expect(meanRate(CURVE, 0, 5)).toBe(5)
  expect(meanRate(CURVE, 5, 7)).toBe(32.5)
  expect(meanRate(CURVE, 5, 6)).toBe(18.75)
  expect(meanRate(CURVE, 9, 11)).toBe(30)
  expect(meanRate(CURVE, 12, 13)).toBe(0)
})

it('adds up: two halves have the mean of the whole', () => {
  const time = fc.double({ min: 0, max: 12, noNaN: true })
  fc.assert(
    fc.property(time, time, time, (a, b, c) => {
      const [x, y, z] = [a, b, c].sort((left, right) => left - right) as [number, number, number]
      const area = meanRate(CURVE, x, y) * (y - x) + meanRate(CURVE, y, z) * (z - y)
      expect(meanRate(CURVE, x, z) * (z - x)).toBeCloseTo(area, 6)
    }),
  )
})
