import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../../core/plan.ts'
import { arrivals, type ReadyProcess } from '../../core/traffic/arrivals.ts'
import { ShopperNumbers } from './shopper-numbers.ts'
import { planOf, scenarioOf } from './testing/stub-drive.ts'

const SCENARIO = scenarioOf([{ name: 'any', weight: 1, steps: async () => {} }])

const plans = fc.array(
  fc.record({
    seed: fc.nat(),
    perSec: fc.constantFrom(1, 7, 30),
    fillSec: fc.constantFrom(0, 3),
    arrivals: fc.constantFrom<(ReadyProcess & LoadPlan['arrivals'])[]>(
      { kind: 'poisson' },
      { kind: 'even' },
      { kind: 'balanced', count: 5 },
      { kind: 'replay', atUs: [1, 2, 3] },
    ),
  }),
  { minLength: 1, maxLength: 5 },
)

/** Every number that the drives of one partition give, primes included, and as many as there are sessions. */
function numbersOf(drives: readonly LoadPlan[]) {
  const numbers = new ShopperNumbers()
  return drives.map((plan) => {
    const process = plan.arrivals as ReadyProcess
    const given = numbers.enter(plan, process)
    const coming = [...arrivals(plan.curve, plan.seed, plan.fillSec, plan.partition, process)]
    const sessions = coming.map(({ index }) => ({ index, number: given.session(index) }))
    const primes: number[] = []
    for (let prime = given.prime(); prime !== null; prime = given.prime()) primes.push(prime)
    return { sessions, primes }
  })
}

describe('the number of a shopper', () => {
  it('is given once in a run, over all its drives and partitions, and none is far beyond the shoppers', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 4 }), (drives, of) => {
        const given: number[] = []
        for (let index = 0; index < of; index++) {
          const own = drives.map(({ perSec, ...change }) =>
            planOf(SCENARIO, perSec, 2, { ...change, partition: { index, of } }),
          )
          for (const { sessions, primes } of numbersOf(own)) {
            given.push(...sessions.map(({ number }) => number), ...primes)
          }
        }
        // From 0 without a gap: no entry of a source is left out either.
        expect(given.sort((a, b) => a - b)).toEqual(given.map((_, i) => i))
      }),
    )
  })

  it('is the same however the run is divided, where nothing has to be filled', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 2, max: 4 }), (drives, of) => {
        const byIndex = (parts: number) =>
          drives.map((_, d) =>
            Array.from({ length: parts }, (_, index) => {
              const own = drives.map(({ perSec, ...change }) =>
                planOf(SCENARIO, perSec, 2, { ...change, fillSec: 0, partition: { index, of: parts } }),
              )
              return numbersOf(own)[d]!.sessions
            })
              .flat()
              .sort((a, b) => a.index - b.index),
          )
        expect(byIndex(of)).toEqual(byIndex(1))
      }),
    )
  })
})
