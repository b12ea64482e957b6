import { defineScenario, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { search } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-missing-index',
  fix: 'database.index',
  how: 'search by an index of words',
  says: 'A search for a text anywhere reads every product: the CPU of the database is used up by one statement that scans one table.',
}

export default defineScenario({
  name: 'scan-search',
  question: 'Does search hold when many people look for a gift?',
  traffic: surge.doorsOpen({ normal: '1/s', peak: '40x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: {},
  shoppers: [search({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['scan-search'], cpu: 0.5, settings: { products: 3000 } },
    database: { cpu: 0.4 },
  },
  invariants,
  seed: 5,
})
