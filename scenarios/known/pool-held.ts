import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'pool-wait',
  fix: 'checkout.shorten-lock',
  how: 'give the connection back before the payment call; app.pool-size only moves the limit',
  says: 'Checkouts keep their connection during the payment: requests wait for one of ten, and the database has hardly anything to do.',
}

export default defineScenario({
  name: 'pool-held',
  question: 'Do pages stay fast while many people pay?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [buy({ weight: 70, thinkTime: '0.3s..1.5s' }), browse({ weight: 30, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  // A payment takes half a second by itself: what is promised of all clicks cannot be less.
  slo: {
    all: { errors: '< 1%' },
    'GET /products/:id': { p95: '< 300ms' },
    'POST /checkout': { p95: '< 800ms' },
  },
  topology: { app: { flaws: ['pool-held'], cpu: 0.5, settings: { paymentMs: 500 } }, database: { cpu: 0.3 } },
  invariants,
  seed: 5,
})
