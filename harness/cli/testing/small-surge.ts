import { defineScenario, journey, range, surge } from 'doorbuster'

/** As little load as an objective needs to be judged at all. */
export default defineScenario({
  name: 'small-surge',
  question: 'Does the whole command work?',
  traffic: surge.constant({ normal: '24/s', lasts: '13s' }),
  quick: { lasts: '13s' },
  data: { product: range(1, 10_000) },
  shoppers: [
    journey('visitor', { weight: 1, thinkTime: '0.1s..0.2s' }, async (shopper) => {
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }),
  ],
  slo: { all: { p95: '< 300ms', errors: '< 1%' } },
})
