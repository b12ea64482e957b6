import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dealer } from './deal.ts'

describe('the deal of journeys', () => {
  it('is the same for the same seed and session, in any order', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(10_000), { minLength: 1 }), (seed, indices) => {
        const deal = dealer(seed)
        expect(indices.map((index) => dealer(seed)(index))).toEqual(indices.map(deal))
      }),
    )
  })

  it('gives any stretch of the sessions the share that the weights ask for, up to the rounds at its ends', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(5000),
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, from, length, share) => {
          const deal = dealer(seed)
          const drawn = Array.from({ length }, (_, i) => deal(from + i)).filter(
            (place) => place < share,
          ).length
          const rounds = Math.ceil(length / 20) + 1
          // One session of rounding in each whole round, and up to a share of the two cut ones.
          expect(Math.abs(drawn - share * length)).toBeLessThanOrEqual(
            rounds + 2 * 20 * share * (1 - share) + 1e-9,
          )
        },
      ),
    )
  })

  it('is uniform for each place of a round, and in no fixed order', () => {
    const sums = new Array<number>(20).fill(0)
    const squares = new Array<number>(20).fill(0)
    const seeds = 4000
    for (let seed = 0; seed < seeds; seed++) {
      const deal = dealer(seed)
      for (let place = 0; place < 20; place++) {
        const drawn = deal(place)
        expect(drawn >= 0 && drawn < 1).toBe(true)
        sums[place]! += drawn
        squares[place]! += drawn * drawn
      }
    }
    // A uniform number has mean 1/2 and mean square 1/3; 4.5 standard errors either way.
    for (const sum of sums)
      expect(Math.abs(sum / seeds - 1 / 2)).toBeLessThan(4.5 * Math.sqrt(1 / 12 / seeds))
    for (const square of squares)
      expect(Math.abs(square / seeds - 1 / 3)).toBeLessThan(4.5 * Math.sqrt(4 / 45 / seeds))
  })
})
