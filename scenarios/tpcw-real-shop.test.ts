import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startClock } from '../harness/clock.ts'
import { surgePlan } from '../harness/core/compile-plan.ts'
import type { LoadPlan } from '../harness/core/plan.ts'
import type { SlotLine } from '../harness/core/record.ts'
import { openLoopEngine } from '../harness/engines/open-loop/index.ts'
import { countOf } from '../harness/engines/open-loop/testing/stub-drive.ts'
import { loadScenario } from '../harness/scenario-file.ts'
import { startTestPostgres, type TestPostgres } from '../sample-shop/testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop } from '../sample-shop/testing/test-shop.ts'

const PAGES = [
  'GET /',
  'GET /best-sellers',
  'GET /cart',
  'GET /new',
  'GET /orders/:id',
  'GET /products/:id',
  'GET /search',
  'POST /cart/items',
  'POST /checkout',
]
const SHOPPERS = 12

/** The mixes draw products and past orders of size S. */
const SIZE_S = { SHOP_PRODUCTS: '', SHOP_REVIEWS: '', SHOP_PAST_ORDERS: '' }

let postgres: TestPostgres
let shop: TestShop
const engine = openLoopEngine()
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url, SIZE_S)
  shop = await startTestShop(postgres.url, SIZE_S)
})
afterEach(() => engine.close())
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

test.each(['tpcw-browsing', 'tpcw-shopping', 'tpcw-ordering'])(
  '%s in the real shop: every page is visited, none answers with an error, and what was ordered is there',
  async (name) => {
    const { scenario, path, hash } = await loadScenario(name)
    const surge = surgePlan(scenario, { path, hash }, scenario.traffic, scenario.seed)
    // Whole sessions, without the pauses: what is visited depends on the seed and not on the machine.
    const plan: LoadPlan = {
      ...surge,
      curve: [
        { atSec: 0, perSec: SHOPPERS },
        { atSec: 1, perSec: SHOPPERS },
      ],
      arrivals: { kind: 'even' },
      journeys: surge.journeys.map((journey) => ({
        ...journey,
        thinkTime: { kind: 'exponential', meanMs: 10 },
      })),
      patience: { timeoutMs: 20_000, reloads: 0 },
      fillSec: 0,
      ending: 'finish',
      graceMs: 50_000,
    }
    const placed = () => ask(postgres.url, 'select max(id) as id from orders')
    const [before] = await placed()
    const slots: Omit<SlotLine, 'kind' | 'segment'>[] = []
    let acknowledged = 0
    await engine.open(path, `run-${name}`, startClock())
    await engine.drive(
      plan,
      shop.url,
      {
        slot: (slot) => slots.push(slot),
        sendLag: () => {},
        series: () => {},
        order: () => acknowledged++,
        unknownOrder: () => {},
      },
      () => {},
      new AbortController().signal,
    )
    const clicks = countOf(slots, { of: 'click' })
    // Sessions are 128 pages long on average.
    expect(clicks).toBeGreaterThan(SHOPPERS * 50)
    expect(slots.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
    expect([...new Set(slots.map(({ route }) => route))].toSorted()).toEqual(PAGES)
    expect(acknowledged).toBe(countOf(slots, { of: 'click', route: 'POST /checkout' }))
    const [after] = await placed()
    expect(Number(after?.['id']) - Number(before?.['id'])).toBe(acknowledged)
  },
  60_000,
)
