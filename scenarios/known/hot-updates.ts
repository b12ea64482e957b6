import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, compare } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-bloat',
  fix: 'shop.mend',
  how: 'count somewhere else, or without an index on the counter; autovacuum on',
  says: 'Each look leaves a dead row, and an entry in each of five indexes, that nobody clears away: the same statements read more blocks from minute to minute.',
}

export default defineScenario({
  name: 'hot-updates',
  question: 'Do product pages hold when every look is counted?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    compare({ weight: 80, thinkTime: '0.3s..1.5s' }),
    browse({ weight: 20, thinkTime: '0.3s..1.5s' }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: { app: { flaws: ['hot-updates'], cpu: 0.5 }, database: { cpu: 0.16 } },
  invariants,
  seed: 5,
})
