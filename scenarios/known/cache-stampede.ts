import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { follow } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'cache-stampede',
  fix: 'cache.single-flight',
  how: 'let one request find a page that is not kept, and the others wait for it',
  says: 'Every four seconds all kept pages expire at the same instant: until the best sellers are kept again, everybody who wants them has the database count them once more, though it has little to do in between.',
}

export default defineScenario({
  name: 'cache-stampede',
  question: 'Does the cache carry the pages that everybody wants?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '16s' },
  data: { category: range(1, 20) },
  shoppers: [follow({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: {
      flaws: ['cache-stampede'],
      cpu: 0.6,
      settings: { cache: 'process', cacheTtlMs: 4000, bestSellerOrders: 5000 },
    },
    database: { cpu: 0.2 },
  },
  invariants,
  seed: 5,
})
