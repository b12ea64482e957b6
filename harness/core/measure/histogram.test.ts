import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPairs, countAtMost, fromPairs, newHistogram, quantileUs, recordUs, toPairs } from './histogram.ts'

const times = fc.array(fc.integer({ min: 1, max: 120_000_000 }), { minLength: 1, maxLength: 200 })

function recorded(values: readonly number[]) {
  const histogram = newHistogram()
  for (const value of values) recordUs(histogram, value)
  return histogram
}

describe('histogram', () => {
  it('is within 1 % of the nearest-rank quantile of what was recorded', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.9, 0.95, 0.99, 1), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b)
        const exact = sorted[Math.ceil(q * sorted.length - 1e-9) - 1]!
        const read = quantileUs(recorded(values), q)!
        // Rank rounding may differ by one between nearest rank and the library; bracket it.
        const below = sorted[Math.max(0, Math.ceil(q * sorted.length) - 2)]!
        expect(read).toBeGreaterThanOrEqual(below * 0.99)
        expect(read).toBeLessThanOrEqual(exact * 1.01 + 1)
      }),
    )
  })

  it('merges pairs without loss: the parts give the same buckets as the whole', () => {
    fc.assert(
      fc.property(times, times, (left, right) => {
        const merged = fromPairs(toPairs(recorded(left)), toPairs(recorded(right)))
        expect(toPairs(merged)).toEqual(toPairs(recorded([...left, ...right])))
      }),
    )
  })

  it('keeps times out of range at its edges, and knows when it is empty', () => {
    expect(quantileUs(newHistogram(), 0.5)).toBeNull()
    expect(toPairs(newHistogram())).toEqual([])
    const edges = recorded([0, -5, 1e12])
    expect(edges.totalCount).toBe(3)
    expect(quantileUs(edges, 0.5)).toBe(1)
    expect(quantileUs(edges, 1)! / 120e6).toBeCloseTo(1, 1)
  })

  it('counts what is at most a bound', () => {
    const histogram = newHistogram()
    addPairs(histogram, [100, 3, 5000, 2, 900_000, 1])
    const pairs = toPairs(histogram)
    expect([countAtMost(pairs, 99), countAtMost(pairs, 100), countAtMost(pairs, 10_000)]).toEqual([0, 3, 5])
  })
})
