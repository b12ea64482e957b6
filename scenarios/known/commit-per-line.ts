import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { stockUp } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-wal',
  fix: 'shop.mend',
  how: 'one transaction an order; a faster disk moves the limit',
  says: 'Each line of an order is committed, and waited for, twice: sessions wait for the write-ahead log, and no CPU is used up. Whoever reads the books in the middle of an order finds half of it.',
}

export default defineScenario({
  name: 'commit-per-line',
  question: 'Does checkout hold when many people order many things?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '14x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [stockUp({ weight: 1, thinkTime: '0.3s..1.5s', products: 12 })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { flaws: ['commit-per-line'], cpu: 0.5 },
    // A commit waits 8 ms for its flush, as on a hard disk.
    database: { cpu: 0.4, settings: { commit_delay: '8000', commit_siblings: '0' } },
  },
  invariants,
  seed: 5,
})
