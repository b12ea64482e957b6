import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { compare } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-missing-index',
  fix: 'database.index',
  how: 'an index on the product of a review',
  says: 'Each product page reads all reviews for the few it shows: the CPU of the database is used up by one statement that scans one table.',
}

export default defineScenario({
  name: 'missing-index',
  question: 'Do product pages hold when many people compare products?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [compare({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: { app: { flaws: ['missing-index'], cpu: 0.5 }, database: { cpu: 0.2 } },
  invariants,
  seed: 5,
})
