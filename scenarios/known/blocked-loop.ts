import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'app-cpu',
  fix: 'shop.mend',
  how: 'compute in a worker or a service of its own; app.scale-out makes it hit fewer',
  says: 'Now and then a request computes on the event loop and everything else waits for it: the loop is late by hundreds of ms, which the mean of the CPU shows much less.',
}

export default defineScenario({
  name: 'blocked-loop',
  question: 'Does one slow computation hold every other page up?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['blocked-loop'], cpu: 0.5, settings: { blockEvery: 90, blockMs: 250 } },
    database: { cpu: 0.4 },
  },
  invariants,
  seed: 5,
})
