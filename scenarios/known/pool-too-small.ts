import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'pool-wait',
  fix: 'app.pool-size',
  how: 'a pool of several connections',
  says: 'All requests share one connection, which most of the time waits for a disk: they queue for it while app and database both have time.',
}

export default defineScenario({
  name: 'pool-too-small',
  question: 'Has the app enough connections for the surge?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '15x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 25, thinkTime: '0.3s..1.5s' }), buy({ weight: 75, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { poolSize: 1, cpu: 0.75 },
    // A commit waits 12 ms for its flush, as on a hard disk; several at once wait together, if there are several.
    database: { cpu: 0.4, settings: { commit_delay: '12000', commit_siblings: '0' } },
  },
  invariants,
  seed: 5,
})
