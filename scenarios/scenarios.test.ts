import { describe, expect, test } from 'vitest'
import { scenarioFacts, surgePlan } from '../harness/core/compile-plan.ts'
import { beginsAtSec } from '../harness/core/faults/fault.ts'
import type { Feeder } from '../harness/core/feeder.ts'
import { planDurationSec } from '../harness/core/plan.ts'
import type { Page, Shopper } from '../harness/core/scenario.ts'
import { expectedArrivals } from '../harness/core/traffic/curve.ts'
import { sessionRandom } from '../harness/core/traffic/random.ts'
import { loadScenario } from '../harness/scenario-file.ts'

const NAMES = ['black-friday', 'flash-sale', 'cyber-monday', 'lost-server'] as const

/** The routes of the sample shop, with an answer of the shape each gives. */
const SHOP: Readonly<Record<string, unknown>> = {
  'GET /': { products: [{ id: 3 }] },
  'GET /categories/:id': { products: [{ id: 3 }] },
  'GET /products/:id': { id: 3, priceCents: 1999 },
  'GET /best-sellers': { products: [{ id: 3 }] },
  'GET /search?q=:q': { products: [{ id: 3 }] },
  'GET /cart': { items: [], totalCents: 1999 },
  'POST /cart/items': { items: [], totalCents: 1999 },
  'POST /checkout': { id: 7, total: 19.99, currency: 'EUR' },
}

type Visit = {
  clicks: string[]
  products: number[]
  orders: { id: string | number; value: number; currency: string }[]
  keys: string[]
}

/** A shopper whose shop answers at once. Its chance is seeded: the same visits on every run. */
function visitor(chance: () => number, data: Readonly<Record<string, Feeder>>) {
  const visit: Visit = { clicks: [], products: [], orders: [], keys: [] }
  const answer = async (route: string): Promise<Page> => {
    const json = SHOP[route]
    if (json === undefined) throw new Error(`the shop has no route "${route}"`)
    visit.clicks.push(route)
    return { status: 200, text: JSON.stringify(json), json }
  }
  // biome-ignore lint/suspicious/noExplicitAny: as untyped as what journeys draw.
  const drawn = (name: string): any => {
    const feeder = data[name]
    if (!feeder) throw new Error(`the scenario has no data "${name}"`)
    return feeder.at(Math.floor(chance() * feeder.count))
  }
  const shopper: Shopper = {
    get: (path, params) => {
      if (path === '/products/:id') visit.products.push(Number(params?.['id']))
      return answer(`GET ${path}`)
    },
    post: (path, options) => {
      if (options?.key) visit.keys.push(options.key)
      return answer(`POST ${path}`)
    },
    zipf: drawn,
    uniform: drawn,
    next: drawn,
    unique: drawn,
    pick: (items) => items[Math.floor(chance() * items.length)]!,
    chance: (probability) => chance() < probability,
    uuid: () => `key-${chance()}`,
    ordered: (order) => {
      visit.orders.push({ ...order })
    },
    check: () => {},
  }
  return { shopper, visit }
}

/** Visits of `many` shoppers, spread over the journeys by weight. */
async function visits(name: string, many: number): Promise<readonly Visit[]> {
  const { scenario } = await loadScenario(name)
  const total = scenario.shoppers.reduce((sum, { weight }) => sum + weight, 0)
  const random = sessionRandom(1, 0)
  const chance = () => random.next()
  const made: Visit[] = []
  for (const { weight, steps } of scenario.shoppers) {
    for (let i = 0; i < Math.round((many * weight) / total); i++) {
      const { shopper, visit } = visitor(chance, scenario.data)
      await steps(shopper)
      made.push(visit)
    }
  }
  return made
}

describe.each(NAMES)('%s', (name) => {
  test('is valid, and its plan is the surge it describes', async () => {
    const { scenario, path, hash } = await loadScenario(name)
    const plan = surgePlan(scenario, { path, hash }, scenario.traffic, scenario.seed)
    expect(scenario.name).toBe(name)
    expect(planDurationSec(plan)).toBe(scenario.traffic.shape.lastsSec)
    expect(Math.max(...plan.curve.map(({ perSec }) => perSec))).toBe(scenario.traffic.peakPerSec)
    expect(expectedArrivals(plan.curve, 0, planDurationSec(plan))).toBeGreaterThan(299)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    expect(scenarioFacts(scenario, { path, hash }, true).curveLabel).toContain('shortened')
  })

  test('leaves three times the patience to see the recovery', async () => {
    const { scenario } = await loadScenario(name)
    const [ebbed, end] = scenario.traffic.curve.slice(-2)
    expect((end!.atSec - ebbed!.atSec) * 1000).toBeGreaterThanOrEqual(3 * scenario.patience.timeoutMs)
  })

  test('plants no flaw and changes no topology: it is a surge, nothing else', async () => {
    const { scenario } = await loadScenario(name)
    expect(scenario.topology).toEqual(name === 'lost-server' ? { app: { instances: 2, cpu: 0.15 } } : {})
  })

  test('asks only for routes the shop has, and orders with a key of its own', async () => {
    const all = await visits(name, 500)
    const ordering = all.filter(({ orders }) => orders.length > 0)
    expect(ordering.length).toBeGreaterThan(0)
    for (const { orders, keys } of ordering) {
      expect(orders).toEqual([{ id: 7, value: 19.99, currency: 'EUR' }])
      expect(keys.length).toBe(1)
    }
    expect(new Set(ordering.map(({ keys }) => keys[0])).size).toBe(ordering.length)
  })

  test('its objectives are about routes that its shoppers use', async () => {
    const { scenario } = await loadScenario(name)
    const used = new Set(
      (await visits(name, 500)).flatMap(({ clicks }) => clicks.map((route) => route.split('?')[0])),
    )
    for (const route of Object.keys(scenario.slo)) if (route !== 'all') expect(used).toContain(route)
  })
})

test('black-friday: four clicks and 0.08 orders a shopper, so about 240 clicks/s and 290 orders/min at its peak', async () => {
  const all = await visits('black-friday', 2000)
  const clicks = all.reduce((sum, visit) => sum + visit.clicks.length, 0) / all.length
  const orders = all.reduce((sum, visit) => sum + visit.orders.length, 0) / all.length
  const { scenario } = await loadScenario('black-friday')
  expect(clicks * scenario.traffic.peakPerSec).toBeGreaterThan(230)
  expect(clicks * scenario.traffic.peakPerSec).toBeLessThan(250)
  expect(orders * scenario.traffic.peakPerSec * 60).toBeGreaterThan(275)
  expect(orders * scenario.traffic.peakPerSec * 60).toBeLessThan(305)
})

test('flash-sale: nearly every shopper is after the door-buster, and a third of them order it', async () => {
  const all = await visits('flash-sale', 500)
  const afterIt = all.filter(({ products }) => products.includes(1)).length
  const checkouts = all.flatMap(({ clicks }) => clicks).filter((route) => route === 'POST /checkout').length
  expect(afterIt / all.length).toBeGreaterThan(0.75)
  expect(checkouts / all.length).toBeCloseTo(0.35, 2)
})

test('lost-server: one of its servers is lost at the peak, and started again before the peak is over', async () => {
  const { scenario } = await loadScenario('lost-server')
  const [fault] = scenario.faults
  expect(fault?.act).toEqual({ kind: 'kill', target: `app-${scenario.topology.app?.instances}` })
  for (const { curve, peakPerSec, shape } of [scenario.traffic, scenario.quickTraffic]) {
    const fromSec = beginsAtSec(fault!, shape.lastsSec)
    const high = curve.filter(({ perSec }) => perSec === peakPerSec).map(({ atSec }) => atSec)
    expect(fromSec).toBeGreaterThan(high[0]! + 3)
    expect(fromSec + fault!.forSec!).toBeLessThan(high.at(-1)!)
  }
})

test('cyber-monday: nothing is asked for as often as search', async () => {
  const clicks = (await visits('cyber-monday', 500)).flatMap((visit) => visit.clicks)
  const share = (route: string) => clicks.filter((click) => click === route).length / clicks.length
  expect(share('GET /search?q=:q')).toBeGreaterThan(Math.max(share('GET /'), share('GET /categories/:id')))
})
