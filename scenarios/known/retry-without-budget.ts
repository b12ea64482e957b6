import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, compare } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'retry-storm',
  fix: 'shop.mend',
  how: 'a budget for retries, with pauses between them, or none; more CPU only moves the moment',
  says: 'From the first slow page on each page is read up to six times: the database does several times the work for the same pages, and goes on so when the load is gone.',
}

export default defineScenario({
  name: 'retry-without-budget',
  question: 'Does the shop recover from a moment of slowness?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    browse({ weight: 70, thinkTime: '0.3s..1.5s' }),
    compare({ weight: 30, thinkTime: '0.3s..1.5s' }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['retry-without-budget'], cpu: 0.5, settings: { retryAfterMs: 60 } },
    database: { cpu: 0.2 },
  },
  invariants,
  seed: 5,
})
