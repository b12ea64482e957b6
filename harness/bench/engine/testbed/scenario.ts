import { defineScenario, journey, range, surge } from '../../../index.ts'

/** What the engine's bench drives: a bare request, and a little journey with cookies, a JSON pick and think time. */
export default defineScenario({
  name: 'bench',
  question: 'What does a request cost?',
  traffic: surge.constant({ normal: '10/s', lasts: '60s' }),
  data: { product: range(1, 1000) },
  shoppers: [
    journey('bare', { weight: 1, thinkTime: '0s' }, async (shopper) => {
      await shopper.get('/')
    }),
    journey('journey', { weight: 1, thinkTime: '0.1s..0.3s' }, async (shopper) => {
      await shopper.get('/start')
      const list = await shopper.get('/list')
      await shopper.get('/products/:id', { id: shopper.pick<{ id: number }>(list.json.products).id })
    }),
  ],
  slo: { all: { p95: '< 1s' } },
})
