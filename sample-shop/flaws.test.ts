import { afterAll, beforeAll, expect, test } from 'vitest'
import { REVIEWS_SQL } from './data/catalogue.ts'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import {
  ask,
  explain,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from './testing/test-shop.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
})
afterAll(() => postgres?.remove())

/** A payment long enough to look around while it lasts. */
const PAYMENT_MS = 1000

/** Sends checkouts of product 2 at once; `look` runs while they are under way. Returns how long all took, ms. */
async function whileCheckingOut(
  settings: Settings,
  checkouts: number,
  look: (shop: TestShop) => Promise<void>,
): Promise<number> {
  const shop = await startTestShop(postgres.url, { SHOP_PAYMENT_MS: `${PAYMENT_MS}`, ...settings })
  try {
    const startedAtMs = performance.now()
    const answers = Promise.all(
      Array.from({ length: checkouts }, () =>
        shop.checkout({ email: 'a@b.eu', items: [{ product: 2, quantity: 1 }] }, crypto.randomUUID()),
      ),
    )
    await look(shop)
    expect((await answers).map(({ status }) => status)).toEqual(Array(checkouts).fill(201))
    return performance.now() - startedAtMs
  } finally {
    await shop.close()
  }
}

/** Sessions of the shop: how many wait for a lock, stand idle in a transaction, run. */
async function sessions() {
  const [row] = await ask(
    postgres.url,
    `select count(*) filter (where wait_event_type = 'Lock')::int as locked,
            count(*) filter (where state = 'idle in transaction')::int as open,
            count(*) filter (where state <> 'idle')::int as busy
       from pg_stat_activity where application_name like 'shop %'`,
  )
  return row as { locked: number; open: number; busy: number }
}

test('without flaws a payment holds nothing: no connection, no transaction, no lock', async () => {
  await whileCheckingOut({ POOL_SIZE: '2', SHOP_PAYMENT_MS: '1500' }, 6, async (shop) => {
    await until(
      async () =>
        (await shop.metric('shop_pool_idle')) === 2 &&
        (await shop.metric('shop_query_seconds_count{name="prices"}').catch(() => 0)) === 6,
    )
    expect(await shop.metric('shop_pool_waiting')).toBe(0)
    expect(await sessions()).toEqual({ locked: 0, open: 0, busy: 0 })
  })
})

test('hot-row: checkouts of one product go one after the other, behind a lock held during the payment', async () => {
  const tookMs = await whileCheckingOut({ SHOP_FLAWS: 'hot-row', SHOP_PAYMENT_MS: '400' }, 4, () =>
    until(async () => {
      const { locked, open } = await sessions()
      return locked >= 1 && open === 1
    }),
  )
  expect(tookMs).toBeGreaterThanOrEqual(4 * 400 - 10)
})

test('pool-held: requests wait for connections while the database has nothing to do', async () => {
  const settings = { SHOP_FLAWS: 'pool-held', POOL_SIZE: '2', SHOP_POOL_TIMEOUT_MS: '20000' }
  await whileCheckingOut(settings, 6, (shop) =>
    until(async () => {
      const waiting = await shop.metric('shop_pool_waiting')
      const { busy, open } = await sessions()
      return waiting >= 2 && busy === 0 && open === 0
    }),
  )
})

test('a request that gets no connection in time is a plain 503, without Retry-After', async () => {
  const settings = {
    SHOP_FLAWS: 'pool-held',
    POOL_SIZE: '1',
    SHOP_PAYMENT_MS: '1500',
    SHOP_POOL_TIMEOUT_MS: '100',
  }
  await whileCheckingOut(settings, 1, async (shop) => {
    await until(async () => (await shop.metric('shop_pool_idle')) === 0)
    const { status, headers, body } = await shop.json('/')
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toBeNull()
    expect(body.error.code).toBe('pool-timeout')
    expect(Number(/pool;dur=([\d.]+)/.exec(headers.get('server-timing') ?? '')?.[1])).toBeGreaterThan(90)
    expect(await shop.metric('shop_pool_timeouts_total')).toBe(1)
    expect((await fetch(`${shop.url}/healthz`)).status).toBe(200)
  })
})

test('missing-index: a product page reads every review; with the index only its own', async () => {
  const indexed = await explain(postgres.url, REVIEWS_SQL, [2, 5])
  expect(indexed).toContain('reviews_by_product')
  expect(indexed).not.toContain('Seq Scan')
  await seedTestShop(postgres.url, { SHOP_FLAWS: 'missing-index' })
  const unindexed = await explain(postgres.url, REVIEWS_SQL, [2, 5])
  expect(unindexed).toContain('Seq Scan on reviews')
  expect(unindexed).toMatch(/Rows Removed by Filter: 4\d{3}/)
})
