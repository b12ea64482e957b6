import { defineScenario, journey, range, surge } from 'doorbuster'
import { invariants } from '../shop/invariants.ts'
import type { Truth } from '../shop/truth.ts'

export const truth: Truth = {
  class: 'database-cpu',
  fix: 'shop.mend',
  how: 'go on after the last product seen instead of OFFSET, in an order an index has; database.scale-up only moves the limit',
  says: 'The later the page, the more rows are sorted, rated and thrown away: one statement uses up the CPU of the database.',
}

/** Four pages a category with the usual data; here eighteen, as people leaf through them to the end. */
export default defineScenario({
  name: 'offset-paging',
  question: 'Do category pages hold when people leaf through them?',
  traffic: surge.doorsOpen({ normal: '2/s', peak: '10x', lasts: '30s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), page: range(1, 17) },
  shoppers: [
    journey('leafer', { weight: 1, thinkTime: '0.3s..1.5s' }, async (shopper) => {
      const id = shopper.zipf('category')
      const page = shopper.uniform<number>('page')
      await shopper.get('/categories/:id?page=:page', { id, page })
      await shopper.get('/categories/:id?page=:page', { id, page: page + 1 })
    }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
  topology: {
    app: { flaws: ['offset-paging'], cpu: 0.4, settings: { products: 50_000 } },
    database: { cpu: 0.15 },
  },
  invariants,
  seed: 5,
})
