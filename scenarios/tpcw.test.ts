import { describe, expect, test } from 'vitest'
import { surgePlan } from '../harness/core/compile-plan.ts'
import { countOf, planOf, stubDrive } from '../harness/engines/open-loop/testing/stub-drive.ts'
import { loadScenario } from '../harness/scenario-file.ts'
import { stubShop } from './testing/stub-shop.ts'

/** What the transition matrices settle at, in percent of all of TPC-W's pages, under the route each page has here. */
const SETTLED = {
  'tpcw-browsing': {
    'GET /': 29,
    'GET /new': 11,
    'GET /best-sellers': 11,
    'GET /products/:id': 21.01,
    'GET /search': 11,
    'POST /cart/items': 2,
    'GET /cart': 0.75,
    'POST /checkout': 0.69,
    'GET /orders/:id': 0.25,
  },
  'tpcw-shopping': {
    'GET /': 16.2,
    'GET /new': 5.06,
    'GET /best-sellers': 5.06,
    'GET /products/:id': 17.14,
    'GET /search': 17.1,
    'POST /cart/items': 11.15,
    'GET /cart': 2.5,
    'POST /checkout': 1.15,
    'GET /orders/:id': 0.67,
  },
  'tpcw-ordering': {
    'GET /': 9.12,
    'GET /new': 0.46,
    'GET /best-sellers': 0.46,
    'GET /products/:id': 12.35,
    'GET /search': 13.08,
    'POST /cart/items': 13.53,
    'GET /cart': 12.73,
    'POST /checkout': 10.18,
    'GET /orders/:id': 0.22,
  },
} as const
const BROWSING_PERCENT = { 'tpcw-browsing': 95, 'tpcw-shopping': 80, 'tpcw-ordering': 50 } as const
const BUYING = ['POST /cart/items', 'GET /cart', 'POST /checkout', 'GET /orders/:id']
const SHOPPERS_PER_SEC = 5
const ARRIVALS_SEC = 60

describe.each(Object.keys(SETTLED) as (keyof typeof SETTLED)[])('%s', (name) => {
  const visits = async () => {
    const { scenario } = await loadScenario(name)
    const plan = planOf(scenario, SHOPPERS_PER_SEC, ARRIVALS_SEC, {
      ending: 'finish',
      graceMs: 3_700_000,
      limits: { maxInFlight: 4000, maxPerSec: 100, maxDurationSec: 4000 },
    })
    return stubDrive(scenario, plan, stubShop)
  }

  test('its pages are as frequent as in the benchmark, its sessions as long, its pauses too', async () => {
    const { slots, end, orders } = await visits()
    const clicks = countOf(slots, { of: 'click' })
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(clicks)
    expect(end.clicksDone).toBe(end.clicksIntended)
    const settled = SETTLED[name]
    const all = Object.values(settled).reduce((sum, share) => sum + share, 0)
    const percentOf = (route: string) => (100 * countOf(slots, { of: 'click', route })) / clicks
    for (const [route, share] of Object.entries(settled)) {
      expect(Math.abs(percentOf(route) - (100 * share) / all), route).toBeLessThan(1)
    }
    const buying = BUYING.reduce((sum, route) => sum + percentOf(route), 0)
    expect(Math.abs(100 - buying - BROWSING_PERCENT[name])).toBeLessThan(2)
    expect(orders.length).toBe(countOf(slots, { of: 'click', route: 'POST /checkout' }))

    // Sessions of 15 minutes on average, at 7 s a page; longer than an hour is none, but for its last pauses.
    const perSession = clicks / (SHOPPERS_PER_SEC * ARRIVALS_SEC)
    expect(perSession * 7).toBeGreaterThan(0.8 * 15 * 60)
    expect(perSession * 7).toBeLessThan(1.2 * 15 * 60)
  })

  test('the surge thinks as the benchmark does', async () => {
    const { scenario, path, hash } = await loadScenario(name)
    const plan = surgePlan(scenario, { path, hash }, scenario.traffic, scenario.seed)
    expect(plan.journeys.map(({ thinkTime }) => thinkTime)).toEqual([{ kind: 'exponential', meanMs: 7000 }])
    expect(scenario.topology).toEqual({})
  })
})
