import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { compare } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'pool-wait',
  fix: 'shop.mend',
  how: 'give every connection back, whatever happens; a restart or app.pool-size only buys time',
  says: 'Connections go and do not come back, though the load is steady: at the end every request waits for one, and the database has nothing to do.',
}

export default defineScenario({
  name: 'connection-leak',
  question: 'Does the shop still have its connections at the end of the surge?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [compare({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['connection-leak'], cpu: 0.5, settings: { leakEvery: 60 } },
    database: { cpu: 0.4 },
  },
  invariants,
  seed: 5,
})
