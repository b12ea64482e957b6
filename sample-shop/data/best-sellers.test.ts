import { afterAll, beforeAll, expect, test } from 'vitest'
import { KNOBS } from '../knobs.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { ask, explain, seedTestShop } from '../testing/test-shop.ts'
import { BEST_SELLERS_SQL } from './best-sellers.ts'

const { bestSellerOrders, bestSellers, pastOrders, products } = KNOBS

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url, {
    SHOP_PRODUCTS: String(products.byDefault),
    SHOP_PAST_ORDERS: String(pastOrders.byDefault),
  })
})
afterAll(() => postgres?.remove())

/** Rows that the scans of the statement's plan read, and whether one of them read a whole table. */
async function cost(lastOrder: number) {
  const bounds = [lastOrder - bestSellerOrders.byDefault, bestSellers.byDefault]
  const plan = await explain(postgres.url, BEST_SELLERS_SQL, bounds)
  const scans = plan.split('\n').filter((line) => /Scan.* on (orders|order_lines) /.test(line))
  const rows = scans.map((line) => Number(/actual rows=(\d+)/.exec(line)?.[1]))
  return { rows, readsWholeTable: plan.includes('Seq Scan') }
}

test('best sellers read a fixed range of the latest orders by primary key, however many orders there are', async () => {
  const before = await cost(pastOrders.byDefault)
  expect(before.readsWholeTable).toBe(false)
  expect(before.rows).toContain(bestSellerOrders.byDefault)
  // As many live orders as a long rehearsal brings, and no fresh statistics.
  const live = 10_000
  await ask(
    postgres.url,
    `with placed as (insert into orders (idempotency_key, email, total_cents, status)
       select 'k' || i, 'a' || i || '@example.com', 100, 'paid' from generate_series(1, ${live}) i returning id)
     insert into order_lines select id, 1, 1 + id % 9000, 1, 100 from placed`,
  )
  const after = await cost(pastOrders.byDefault + live)
  expect(after.readsWholeTable).toBe(false)
  expect(Math.max(...after.rows)).toBeLessThanOrEqual(Math.max(...before.rows))
})
