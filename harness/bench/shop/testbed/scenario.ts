import { defineScenario, journey, range, type Shopper, surge } from '../../../index.ts'

const DOOR_BUSTER = 1
const LIST = 6
const thinkTime = '0.1s..0.5s'

/** What the shop's bench drives: nothing but checkouts, in every way the shop knows. */
export default defineScenario({
  name: 'checkouts',
  question: 'Are the books in order whatever happens to the database?',
  traffic: surge.constant({ normal: '10/s', lasts: '60s' }),
  data: { product: range(2, 10_000) },
  shoppers: [
    journey('list writer', { weight: 40, thinkTime }, async (shopper) => {
      const wanted = new Set<number>()
      while (wanted.size < LIST) wanted.add(shopper.uniform('product'))
      await payFor(shopper, { items: [...wanted].map((product) => ({ product, quantity: 1 })) })
    }),
    journey('door-buster buyer', { weight: 25, thinkTime }, async (shopper) => {
      await payFor(shopper, { items: [{ product: DOOR_BUSTER, quantity: 1 }] })
    }),
    journey('cart filler', { weight: 15, thinkTime }, async (shopper) => {
      await shopper.post('/cart/items', { json: { product: shopper.uniform('product'), quantity: 1 } })
      await payFor(shopper, {})
    }),
    journey('reserver', { weight: 20, thinkTime }, async (shopper) => {
      const product = shopper.chance(0.5) ? DOOR_BUSTER : shopper.uniform('product')
      const reservation = await shopper.post('/reservations', {
        json: { product, quantity: 1 },
        key: shopper.uuid(),
      })
      // One in five changes their mind: what they reserved expires.
      if (shopper.chance(0.8)) await payFor(shopper, { reservation: reservation.json.id })
    }),
  ],
  // Who gets an error reloads at once, with the same key.
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 1s' } },
  topology: {
    balancer: { engine: 'none' },
    app: { settings: { reservationMode: 'units', reservationMs: 5000 } },
  },
})

async function payFor(shopper: Shopper, what: object): Promise<void> {
  const order = await shopper.post('/checkout', {
    json: { email: 'shopper@example.com', ...what },
    key: shopper.uuid(),
  })
  shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
}
