import { defineScenario, journey, range, surge } from 'doorbuster'
import { invariants } from './shop/invariants.ts'

/** A long plateau instead of a front: people at their desks search, compare, come back, and buy more often. */
const thinkTime = '0.5s..2.5s'
const wanted = ['headphone', 'monitor', 'keyboard', 'charger', 'backpack', 'lamp', 'scooter', 'skillet']

export default defineScenario({
  name: 'cyber-monday',
  question: 'Do search, browsing and checkout hold through a plateau that does not end?',
  traffic: surge.sustained({ normal: '6/s', peak: '6x', lasts: '60s' }),
  quick: { lasts: '14s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    journey('comparer', { weight: 45, thinkTime }, async (shopper) => {
      const found = await shopper.get('/search?q=:q', { q: shopper.pick(wanted) })
      await shopper.get('/products/:id', { id: shopper.pick(found.json.products).id })
      await shopper.get('/products/:id', { id: shopper.pick(found.json.products).id })
      if (shopper.chance(0.5)) await shopper.get('/search?q=:q', { q: shopper.pick(wanted) })
    }),
    journey('browser', { weight: 43, thinkTime }, async (shopper) => {
      await shopper.get('/')
      if (shopper.chance(0.2)) await shopper.get('/best-sellers')
      const category = await shopper.get('/categories/:id', { id: shopper.uniform('category') })
      await shopper.get('/products/:id', { id: shopper.pick(category.json.products).id })
    }),
    journey('buyer', { weight: 12, thinkTime }, async (shopper) => {
      const found = await shopper.get('/search?q=:q', { q: shopper.pick(wanted) })
      const product = shopper.pick(found.json.products).id
      await shopper.get('/products/:id', { id: product })
      await shopper.post('/cart/items', { json: { product, quantity: 1 } })
      if (shopper.chance(0.5)) {
        await shopper.post('/cart/items', { json: { product: shopper.zipf('product'), quantity: 1 } })
      }
      const order = await shopper.post('/checkout', {
        json: { email: 'shopper@example.com' },
        key: shopper.uuid(),
      })
      shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
    }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  forecast: { keepHeadroom: '30%' },
  invariants,
  seed: 11,
})
