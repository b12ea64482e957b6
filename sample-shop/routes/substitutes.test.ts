import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { seedTestShop, startTestShop, type TestShop, until } from '../testing/test-shop.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
})
afterAll(() => postgres?.remove())

const dear = (shop: TestShop) =>
  Promise.all(['/best-sellers', '/search?q=kettle'].map((path) => shop.json(path)))
const filled = (shop: TestShop) =>
  until(
    async () => (await shop.metric('shop_query_seconds_count{name="popular-products"}').catch(() => 0)) > 0,
  )

test('on: best sellers and search are popular products, said to be so, and the database is not asked', async () => {
  const shop = await startTestShop(postgres.url, { SHOP_DEGRADE: 'on' })
  try {
    await filled(shop)
    const [best, search] = await dear(shop)
    for (const { status, headers, body } of [best!, search!]) {
      expect(status).toBe(200)
      expect(body).toMatchObject({ degraded: true, notice: expect.stringContaining('most popular products') })
      expect(body.products[0]).toMatchObject({
        id: 1,
        url: '/products/1',
        price: expect.stringMatching(/^€/),
      })
      expect(body.products).toHaveLength(28)
      expect(body.content).toContain('takes a rest')
      expect(headers.get('server-timing')).toMatch(/^pool;dur=0.00, db;dur=0.00/)
    }
    expect(best!.body.ordersCounted).toBe(0)
    expect(search!.body.query).toBe('kettle')
    const page = await (
      await fetch(`${shop.url}/search?q=<script>`, { headers: { accept: 'text/html' } })
    ).text()
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).not.toContain('<script')
    expect((await shop.json('/search')).status).toBe(400)
    expect(await shop.metric('shop_substitutes_total{page="search"}')).toBe(2)
    expect(await shop.metric('shop_degraded')).toBe(1)
    // The other pages are what they always are.
    expect((await shop.json('/products/1')).body.reviews).toHaveLength(5)
  } finally {
    await shop.close()
  }
})

test('auto: while requests wait for the pool, and until it has been calm for a while', async () => {
  const shop = await startTestShop(postgres.url, {
    SHOP_DEGRADE: 'auto',
    SHOP_DEGRADE_POOL_WAIT_MS: '100',
    SHOP_DEGRADE_CALM_MS: '300',
    // Two checkouts keep the whole pool, the third waits.
    SHOP_FLAWS: 'pool-held',
    SHOP_PAYMENT_MS: '1500',
    POOL_SIZE: '2',
    SHOP_POOL_TIMEOUT_MS: '20000',
  })
  try {
    await filled(shop)
    expect((await dear(shop)).map(({ body }) => body.degraded)).toEqual([undefined, undefined])
    const checkouts = [1, 2, 3].map((n) =>
      shop.checkout({ email: 'a@b.eu', items: [{ product: 2, quantity: 1 }] }, `held ${n}`),
    )
    await until(async () => (await shop.metric('shop_degraded')) === 1)
    const answers = await dear(shop)
    expect(answers.map(({ status, body }) => [status, body.degraded])).toEqual([
      [200, true],
      [200, true],
    ])
    await Promise.all(checkouts)
    await until(async () => (await shop.metric('shop_degraded')) === 0)
    expect((await dear(shop)).map(({ body }) => body.degraded)).toEqual([undefined, undefined])
  } finally {
    await shop.close()
  }
})
