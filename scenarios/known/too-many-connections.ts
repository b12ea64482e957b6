import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-connections',
  fix: 'app.pool-size',
  how: 'smaller pools, no more together than the database allows; a pooler would let many servers share them',
  says: 'The pools of all servers add up to more than the database allows: when the surge makes them open more, connections are refused and pages fail.',
}

export default defineScenario({
  name: 'too-many-connections',
  question: 'Are there enough connections for every app server?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 20, thinkTime: '0.3s..1.5s' }), buy({ weight: 80, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { instances: 4, poolSize: 20, cpu: 0.19, settings: { poolMin: 2 } },
    // A commit waits 100 ms for its flush, as on a crowded network disk: so long a connection is taken, and the CPU is not.
    database: { cpu: 0.3, maxConnections: 10, settings: { commit_delay: '100000', commit_siblings: '0' } },
  },
  invariants,
  seed: 5,
})
