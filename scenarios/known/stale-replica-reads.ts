import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buyAndCheck } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'replica-lag',
  fix: 'shop.mend',
  how: 'read on the primary what a shopper has just written; a replica without delay only makes it rarer',
  says: 'Pages are read from a replica that is a second behind, also by those who have just put something into their cart: they find it empty. Every page is quick, and no CPU is used up.',
}

export default defineScenario({
  name: 'stale-replica-reads',
  question: 'Do shoppers find what they have just put into their cart?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '8x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    browse({ weight: 60, thinkTime: '0.3s..1.5s' }),
    buyAndCheck({ weight: 40, thinkTime: '0.3s..1.5s' }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { flaws: ['stale-replica-reads'], cpu: 0.5 },
    database: { cpu: 0.25, replicas: 1, replicaApplyDelayMs: 1000 },
  },
  invariants,
  seed: 5,
})
