import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { compare, snatch } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-lock',
  fix: 'checkout.shorten-lock',
  how: 'pay first, and take the pieces in one statement at the end',
  says: 'Checkouts of one product go one after the other, each through its payment: sessions wait for a lock, and no CPU is used up.',
}

export default defineScenario({
  name: 'hot-row',
  question: 'Does one product that everybody orders hold the checkout up?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [
    snatch({ weight: 80, thinkTime: '0.3s..1.5s' }),
    compare({ weight: 20, thinkTime: '0.3s..1.5s' }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    // The payment takes as long without the flaw: what a fix changes is the lock alone.
    app: { flaws: ['hot-row'], cpu: 0.4, poolSize: 20, settings: { paymentMs: 60 } },
    database: { cpu: 0.35 },
  },
  invariants,
  seed: 5,
})
