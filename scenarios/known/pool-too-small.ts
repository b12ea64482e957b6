import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'pool-wait',
  fix: 'app.pool-size',
  says: 'One connection is shared by all requests: they wait for it while app and database both have time.',
}

export default defineScenario({
  name: 'pool-too-small',
  question: 'Has the app enough connections for the surge?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '15x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 40, thinkTime: '0.3s..1.5s' }), buy({ weight: 60, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: { app: { poolSize: 1, cpu: 0.75 }, database: { cpu: 0.4 } },
  invariants,
  seed: 5,
})
