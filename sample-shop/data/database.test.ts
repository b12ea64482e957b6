import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { ask, seedTestShop, startTestShop, until } from '../testing/test-shop.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  await ask(postgres.url, 'create role visitor login connection limit 2 in role pg_read_all_data')
})
afterAll(() => postgres?.remove())

/** Makes every page that reads orders wait while `look` runs. */
async function whileOrdersAreLocked(look: () => Promise<void>): Promise<void> {
  const locked = ask(postgres.url, 'begin; lock table orders; select pg_sleep(1); commit')
  await until(async () => {
    const [row] = await ask(
      postgres.url,
      "select count(*)::int as n from pg_locks where relation = 'orders'::regclass and mode = 'AccessExclusiveLock'",
    )
    return row?.['n'] === 1
  })
  await look()
  await locked
}

test('with a minimum the pool opens that many, and more when they are needed', async () => {
  const shop = await startTestShop(postgres.url, { POOL_SIZE: '5', SHOP_POOL_MIN: '2' })
  expect(await shop.metric('shop_pool_total')).toBe(2)
  expect(await shop.metric('shop_pool_max')).toBe(5)
  await whileOrdersAreLocked(async () => {
    const pages = Promise.all([1, 2, 3, 4].map((id) => shop.json(`/orders/${id}`)))
    await until(async () => (await shop.metric('shop_pool_total')) === 4)
    expect((await pages).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })
  await shop.close()
})

test('a connection that the database refuses is a 503, and the shop goes on with those it has', async () => {
  const url = postgres.url.replace('postgres@', 'visitor@')
  const shop = await startTestShop(url, { POOL_SIZE: '5', SHOP_POOL_MIN: '1' })
  await whileOrdersAreLocked(async () => {
    const pages = await Promise.all([1, 2, 3, 4].map((id) => shop.json(`/orders/${id}`)))
    const answers = pages.map(({ status, body }) => `${status} ${body.error?.code ?? ''}`)
    expect(answers.toSorted()).toEqual([
      '200 ',
      '200 ',
      '503 database-unavailable',
      '503 database-unavailable',
    ])
  })
  expect(await shop.metric('shop_connections_refused_total')).toBe(2)
  expect(await shop.metric('shop_pool_timeouts_total')).toBe(0)
  expect((await shop.json('/orders/1')).status).toBe(200)
  await shop.close()
})
