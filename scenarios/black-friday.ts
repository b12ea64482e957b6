import { defineScenario, journey, range, surge } from 'doorbuster'
import { invariants } from './shop/invariants.ts'

const thinkTime = '0.3s..2s'

/** Four clicks a shopper on average, 8 orders in 100 shoppers: about 240 clicks/s and 290 orders/min at the peak. */
export default defineScenario({
  name: 'black-friday',
  question: 'Do we take orders through the doors-open minute?',
  traffic: surge.doorsOpen({ normal: '5/s', peak: '12x', lasts: '45s' }),
  quick: { lasts: '12s' },
  data: { category: range(1, 100), product: range(1, 10_000) },
  shoppers: [
    journey('browser', { weight: 38, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const category = await shopper.get('/categories/:id', { id: shopper.zipf('category') })
      await shopper.get('/products/:id', { id: shopper.pick(category.json.products).id })
      if (shopper.chance(0.8)) await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }),
    journey('bargain hunter', { weight: 38, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const bestSellers = await shopper.get('/best-sellers')
      await shopper.get('/products/:id', { id: shopper.pick(bestSellers.json.products).id })
      await shopper.get('/products/:id', { id: shopper.pick(bestSellers.json.products).id })
    }),
    journey('searcher', { weight: 14, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const found = await shopper.get('/search?q=:q', {
        q: shopper.pick(['lamp', 'kettle', 'tent', 'pillow', 'suitcase']),
      })
      await shopper.get('/products/:id', { id: shopper.pick(found.json.products).id })
      await shopper.get('/products/:id', { id: shopper.pick(found.json.products).id })
    }),
    journey('buyer', { weight: 10, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const product = shopper.zipf('product')
      await shopper.get('/products/:id', { id: product })
      await shopper.post('/cart/items', { json: { product, quantity: 1 } })
      await shopper.get('/cart')
      if (shopper.chance(0.2)) return
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
  seed: 42,
})
