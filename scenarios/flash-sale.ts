import { defineScenario, journey, range, surge } from 'doorbuster'
import { invariants } from './shop/invariants.ts'

/** A link went out: everybody lands on the same product at once, knows what they want and hardly thinks. */
const DOOR_BUSTER = 1
const thinkTime = '0.3s..1.5s'

export default defineScenario({
  name: 'flash-sale',
  question: 'Does one door-buster that everybody wants at once bring the checkout down?',
  traffic: surge.flashSale({ normal: '4/s', peak: '15x', lasts: '40s' }),
  quick: { lasts: '12s' },
  data: { product: range(1, 10_000) },
  shoppers: [
    journey('door-buster buyer', { weight: 35, thinkTime }, async (shopper) => {
      await shopper.get('/products/:id', { id: DOOR_BUSTER })
      const order = await shopper.post('/checkout', {
        json: { items: [{ product: DOOR_BUSTER, quantity: 1 }], email: 'shopper@example.com' },
        key: shopper.uuid(),
      })
      shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
    }),
    journey('curious', { weight: 45, thinkTime }, async (shopper) => {
      await shopper.get('/products/:id', { id: DOOR_BUSTER })
      if (shopper.chance(0.5)) await shopper.get('/products/:id', { id: DOOR_BUSTER })
    }),
    journey('stroller', { weight: 20, thinkTime }, async (shopper) => {
      await shopper.get('/')
      await shopper.get('/best-sellers')
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }),
  ],
  patience: { timeout: '3s', reloads: 2 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  forecast: { keepHeadroom: '30%' },
  invariants,
  seed: 7,
})
