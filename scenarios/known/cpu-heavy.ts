import { defineScenario, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import { browse } from '../shop/journeys.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'app-cpu',
  fix: 'app.scale-out',
  how: 'more servers, or render each page once (shop.mend)',
  says: 'Each page is rendered twelve times: the CPU of the app is used up, its event loop is never idle, and the database waits.',
}

export default defineScenario({
  name: 'cpu-heavy',
  question: 'Can the app servers render what the surge asks for?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [browse({ weight: 1, thinkTime: '0.3s..1.5s' })],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: { app: { flaws: ['cpu-heavy'], cpu: 0.3 }, database: { cpu: 0.3 } },
  invariants,
  seed: 5,
})
