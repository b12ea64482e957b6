import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse, buy } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-connections',
  fix: 'pooler.add',
  says: 'The pools of all servers add up to more than the database allows: when the surge makes them open more, connections are refused and pages fail.',
}

export default defineScenario({
  name: 'too-many-connections',
  question: 'Are there enough connections for every app server?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 70, thinkTime: '0.3s..1.5s' }), buy({ weight: 30, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  topology: {
    app: { instances: 3, poolSize: 20, cpu: 0.25, settings: { poolMin: 2 } },
    database: { cpu: 0.25, maxConnections: 10 },
  },
  invariants,
  seed: 5,
})
