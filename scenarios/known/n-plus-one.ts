import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { fillCart } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-cpu',
  fix: 'shop.mend',
  how: 'read all lines in one statement; database.scale-up only moves the limit',
  says: 'Each look at a cart is a statement for each line: thousands of tiny statements a second, none of them slow, use up the CPU of the database.',
}

export default defineScenario({
  name: 'n-plus-one',
  question: 'Do carts hold when many people buy many things?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '10x', lasts: '30s' }),
  // A visit takes twenty seconds: a shorter surge would be over before its load is there.
  quick: { lasts: '20s' },
  data: { product: range(1, 10_000) },
  shoppers: [fillCart({ weight: 1, thinkTime: '0.3s..1.5s', products: 6, looks: 6 })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: { app: { flaws: ['n-plus-one'], cpu: 0.6 }, database: { cpu: 0.2 } },
  invariants,
  seed: 5,
})
