import { defineScenario, surge } from 'doorbuster'
import { invariants } from './shop/invariants.ts'
import { tpcw, tpcwData } from './shop/tpcw.ts'

/** Sessions last minutes, so who came stays: the load climbs for as long as people arrive. */
export default defineScenario({
  name: 'tpcw-shopping',
  question: 'Does the shop carry people who look around and buy now and then?',
  traffic: surge.sustained({ normal: '3/s', peak: '3x', lasts: '180s' }),
  quick: { lasts: '30s' },
  data: tpcwData,
  shoppers: [tpcw('shopping')],
  patience: { timeout: '3s', reloads: 1 },
  slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
  forecast: { keepHeadroom: '30%' },
  invariants,
  seed: 2000,
})
