import { defineScenario, journey, range, surge } from 'doorbuster'
import { invariants } from './shop/invariants.ts'

const thinkTime = '0.3s..2s'

/**
 * Two servers that carry the peak together, and one that has to carry it alone from the moment the other is killed. That
 * one is started again after 6 s, while the load is still at its peak.
 */
export default defineScenario({
  name: 'lost-server',
  question: 'Do we take orders when one of two servers is lost at the peak?',
  traffic: surge.sustained({ normal: '3/s', peak: '18/s', lasts: '45s' }),
  quick: { lasts: '30s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    journey('browser', { weight: 80, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const category = await shopper.get('/categories/:id', { id: shopper.zipf('category') })
      await shopper.get('/products/:id', { id: shopper.pick(category.json.products).id })
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }),
    journey('buyer', { weight: 20, thinkTime }, async (shopper) => {
      const product = shopper.zipf('product')
      await shopper.get('/products/:id', { id: product })
      const order = await shopper.post('/checkout', {
        json: { items: [{ product, quantity: 1 }], email: 'shopper@example.com' },
        key: shopper.uuid(),
      })
      shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
    }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  forecast: { keepHeadroom: '30%' },
  topology: { app: { instances: 2, cpu: 0.15 } },
  faults: [{ at: '40%', kill: 'app-2', for: '6s' }],
  invariants,
  seed: 11,
})
