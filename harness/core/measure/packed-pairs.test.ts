import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countAtMost, fromPairs, newHistogram, quantileUs, recordUs, toPairs } from './histogram.ts'
import { packPairs, unpackPairs } from './packed-pairs.ts'

const times = fc.array(fc.integer({ min: 1, max: 120_000_000 }), { maxLength: 300 })

function pairsOf(values: readonly number[]): readonly number[] {
  const histogram = newHistogram()
  for (const value of values) recordUs(histogram, value)
  return toPairs(histogram)
}

test('what was packed unpacks to the same buckets and counts', () => {
  fc.assert(
    fc.property(times, fc.constantFrom(1, 7, 33, 5000), (values, repeat) => {
      const pairs = pairsOf(
        values.flatMap((value) => new Array<number>(value % 3 === 0 ? repeat : 1).fill(value)),
      )
      expect(unpackPairs(packPairs(pairs))).toEqual(pairs)
    }),
    { numRuns: 50 },
  )
})

test('packed and plain pairs merge and count alike', () => {
  fc.assert(
    fc.property(times, times, fc.nat(120_000_000), (left, right, us) => {
      const plain = fromPairs(pairsOf(left), pairsOf(right))
      const mixed = fromPairs(packPairs(pairsOf(left)), pairsOf(right))
      expect(toPairs(mixed)).toEqual(toPairs(plain))
      expect(quantileUs(mixed, 0.95)).toBe(quantileUs(plain, 0.95))
      expect(countAtMost(packPairs(pairsOf(left)), us)).toBe(countAtMost(pairsOf(left), us))
    }),
  )
})

test('a hundred and forty exponential times take about one character each', () => {
  const values = Array.from({ length: 139 }, (_, i) => Math.ceil(-Math.log((i + 0.5) / 139) * 80_000))
  expect(packPairs(pairsOf(values)).length).toBeLessThan(160)
})

test.each(['<', 'é', '~'])('%j is no packed histogram', (text) => {
  expect(() => unpackPairs(text)).toThrow(RangeError)
})
