import fc from 'fast-check'
import { mean, variance } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { STREAMS, sessionRandom } from './random.ts'

const draws = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw)

describe('sessionRandom', () => {
  it('gives the same numbers for the same seed, session and stream, for ever', () => {
    const random = sessionRandom(42, 7)
    // Golden: a change of these numbers changes every surge ever recorded.
    expect(draws(3, () => random.next())).toEqual([
      0.23020945693591166, 0.37454892306414844, 0.5315018162864757,
    ])
  })

  it('gives other numbers for another seed, session or stream', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 1000 }),
        (seed, index, other) => {
          const first = (...of: Parameters<typeof sessionRandom>) => sessionRandom(...of).next()
          const here = first(seed, index)
          expect(first(seed, index)).toBe(here)
          expect(first(seed, index + other)).not.toBe(here)
          expect(first(seed + other, index)).not.toBe(here)
          expect(first(seed, index, STREAMS.thinking)).not.toBe(here)
        },
      ),
    )
  })

  it('has first numbers of neighbouring sessions that are uniform and uncorrelated', () => {
    const firsts = Array.from({ length: 20_000 }, (_, index) => sessionRandom(1, index).next())
    const bins = new Array<number>(100).fill(0)
    for (const value of firsts) bins[Math.floor(value * 100)]!++
    const chiSquare = bins.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0)
    // χ² with 99 degrees of freedom: 99.99 % of samples lie between 53 and 161.
    expect(chiSquare).toBeGreaterThan(53)
    expect(chiSquare).toBeLessThan(161)
    const products = firsts.slice(1).map((value, i) => (value - 0.5) * (firsts[i]! - 0.5))
    expect(Math.abs(mean(products)) * 12).toBeLessThan(4 / Math.sqrt(20_000))
  })

  it('draws unit exponentials', () => {
    const random = sessionRandom(3, 0)
    const values = draws(100_000, () => random.exponential())
    expect(mean(values)).toBeCloseTo(1, 1)
    expect(variance(values)).toBeGreaterThan(0.95)
    expect(variance(values)).toBeLessThan(1.05)
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0)
  })

  it('draws integers below n, each as often', () => {
    const random = sessionRandom(4, 0)
    const counts = [0, 0, 0]
    for (const value of draws(30_000, () => random.int(3))) counts[value]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it.each([3, 255, 256, 10_000])('draws exact Zipf ranks of 1..%i', (n) => {
    const random = sessionRandom(5, n)
    const harmonic = Array.from({ length: n }, (_, k) => 1 / (k + 1)).reduce((sum, share) => sum + share, 0)
    const counts = new Map<number, number>()
    const size = 60_000
    for (const rank of draws(size, () => random.zipf(n))) counts.set(rank, (counts.get(rank) ?? 0) + 1)
    expect(Math.min(...counts.keys())).toBe(1)
    expect(Math.max(...counts.keys())).toBeLessThanOrEqual(n)
    for (const rank of [1, 2, 3]) {
      const expected = size / (rank * harmonic)
      expect(Math.abs((counts.get(rank) ?? 0) - expected)).toBeLessThan(4 * Math.sqrt(expected))
    }
    // The upper half, where ranks are single draws: its share is 1 − H(n/2)/H(n).
    const upper = [...counts].filter(([rank]) => rank > n / 2).reduce((sum, [, count]) => sum + count, 0)
    const lowerShare =
      Array.from({ length: Math.floor(n / 2) }, (_, k) => 1 / (k + 1)).reduce((a, b) => a + b, 0) / harmonic
    expect(Math.abs(upper / size - (1 - lowerShare))).toBeLessThan(0.01)
  })
})
