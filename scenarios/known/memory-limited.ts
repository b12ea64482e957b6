import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy, follow } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-memory',
  fix: 'database.settings',
  how: 'a smaller work_mem or fewer connections; more memory moves the limit',
  says: 'Every session may sort and hash in memory as much as it likes: with the many sessions of the surge that is more than the server has, the kernel kills one, and Postgres ends all the others.',
}

export default defineScenario({
  name: 'memory-limited',
  question: 'Has the database memory enough for all the sessions of the surge?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '8x', lasts: '30s' }),
  quick: { lasts: '16s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    browse({ weight: 46, thinkTime: '0.3s..1.5s' }),
    buy({ weight: 50, thinkTime: '0.3s..1.5s' }),
    follow({ weight: 4, thinkTime: '0.3s..1.5s' }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { cpu: 0.35, poolSize: 12, settings: { poolMin: 2, pastOrders: 200_000, bestSellerOrders: 70_000 } },
    database: {
      cpu: 0.9,
      memoryMb: 112,
      settings: { shared_buffers: '32MB', work_mem: '256MB', random_page_cost: '1.1' },
    },
  },
  invariants,
  seed: 5,
})
