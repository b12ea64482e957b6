import { defineScenario, journey, surge } from '../index.ts'

/** What `doctor` sends: shoppers who make one click. */
export default defineScenario({
  name: 'one-click',
  question: 'How many requests can this machine send on time?',
  traffic: surge.constant({ normal: '10/s', lasts: '60s' }),
  shoppers: [
    journey('one click', { weight: 1, thinkTime: '0s' }, async (shopper) => {
      await shopper.get('/')
    }),
  ],
  slo: { all: { p95: '< 1s' } },
})
