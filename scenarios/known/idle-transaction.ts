import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { compare } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-idle-in-transaction',
  fix: 'shop.mend',
  how: 'commit before the call; app.pool-size and database.scale-up do not help',
  says: 'Product pages wait for another service in the middle of a transaction: sessions stand idle in transactions, requests wait for connections, and no CPU is used up.',
}

export default defineScenario({
  name: 'idle-transaction',
  question: 'Do product pages hold when the service they ask answers slowly?',
  traffic: surge.doorsOpen({ normal: '3/s', peak: '8x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [compare({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['idle-transaction'], cpu: 0.5, settings: { remoteMs: 200 } },
    database: { cpu: 0.4 },
  },
  invariants,
  seed: 5,
})
