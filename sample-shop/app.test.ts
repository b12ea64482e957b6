import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop } from './testing/test-shop.ts'

let postgres: TestPostgres
let shop: TestShop

beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url)
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

const PAGES = [
  ['/', 'GET /', 'Today’s deals'],
  ['/categories/7', 'GET /categories/:id', 'Graters'],
  ['/products/1', 'GET /products/:id', 'Door-buster'],
  ['/search?q=kettle', 'GET /search', 'Found for'],
  ['/best-sellers', 'GET /best-sellers', 'latest 500 orders'],
  ['/cart', 'GET /cart', 'Your cart is empty'],
  ['/orders/3', 'GET /orders/:id', 'Order 3'],
] as const

describe.each(PAGES)('%s', (path, route, says) => {
  test('is a whole HTML page for a browser', async () => {
    const response = await fetch(shop.url + path, { headers: { accept: 'text/html,*/*;q=0.8' } })
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch('text/html')
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(text).toContain('name="viewport"')
    expect(text).toContain(says)
    expect(text).not.toMatch(/undefined|NaN|\[object/)
  })

  test('is JSON for a program, and says where its time went', async () => {
    const { status, headers, body } = await shop.json(path)
    expect(status).toBe(200)
    expect(typeof body).toBe('object')
    expect(headers.get('server-timing')).toMatch(/^pool;dur=\d+\.\d\d, db;dur=\d+\.\d\d, app;dur=\d+\.\d\d$/)
    const metrics = await (await fetch(`${shop.url}/metrics`)).text()
    expect(metrics).toContain(`shop_requests_total{route="${route}",status="200"}`)
  })
})

test('the JSON carries what the page shows', async () => {
  const home = (await shop.json('/')).body
  expect(home.products[0]).toMatchObject({ id: 1, url: '/products/1', price: expect.stringMatching(/^€\d/) })
  expect(home.categories).toHaveLength(100)
  const category = (await shop.json('/categories/7?page=1')).body
  expect(category).toMatchObject({ id: 7, name: 'Graters', page: 1, pages: 1, size: 10 })
  expect(category.products.map((product: { id: number }) => product.id).slice(0, 3)).toEqual([7, 107, 207])
  const product = (await shop.json('/products/1')).body
  const [counted] = await ask(
    postgres.url,
    'select count(*)::int as n, round(avg(rating), 1)::float8 as mean from reviews where product_id = 1',
  )
  expect(product).toMatchObject({ id: 1, onHand: 100_000, reviewCount: counted?.n, rating: counted?.mean })
  expect(product.reviews).toHaveLength(5)
  expect(product.related[0].id).toBe(101)
})

test('best sellers are the products sold most over exactly the latest orders', async () => {
  const { body } = await shop.json('/best-sellers')
  const [best] = await ask(
    postgres.url,
    `select product_id, sum(quantity)::int as units from order_lines where order_id > 1000
      group by 1 order by 2 desc, 1 limit 1`,
  )
  expect(body.ordersCounted).toBe(500)
  expect(body.products[0]).toMatchObject({ rank: 1, id: best?.['product_id'], units: best?.['units'] })
  const units: number[] = body.products.map((product: { units: number }) => product.units)
  expect(units).toEqual(units.toSorted((a, b) => b - a))
})

const json = (value: unknown) => JSON.stringify(value)
const BAD: readonly [string, string, string, RequestInit, number][] = [
  ['malformed JSON', 'POST', '/cart/items', { body: '{"product":' }, 400],
  ['no body', 'POST', '/cart/items', {}, 400],
  ['negative quantity', 'POST', '/cart/items', { body: json({ product: 1, quantity: -1 }) }, 400],
  ['huge quantity', 'POST', '/cart/items', { body: json({ product: 1, quantity: 1e9 }) }, 400],
  ['half a piece', 'POST', '/cart/items', { body: json({ product: 1, quantity: 0.5 }) }, 400],
  ['product that is no number', 'POST', '/cart/items', { body: json({ product: 'x', quantity: 1 }) }, 400],
  ['unknown product', 'POST', '/cart/items', { body: json({ product: 987_654, quantity: 1 }) }, 404],
  ['pieces below none', 'POST', '/cart/items/1', { body: json({ quantity: -1 }) }, 400],
  ['pieces of what is no product', 'POST', '/cart/items/x', { body: json({ quantity: 1 }) }, 404],
  ['oversized body', 'POST', '/cart/items', { body: json({ pad: 'x'.repeat(20_000) }) }, 413],
  [
    'charset nobody has',
    'POST',
    '/cart/items',
    { body: '{}', headers: { 'content-type': 'application/json; charset=klingon' } },
    415,
  ],
  ['unknown product page', 'GET', '/products/987654', {}, 404],
  ['product id beyond integers', 'GET', '/products/99999999999999999999', {}, 404],
  ['product id with SQL in it', 'GET', '/products/1%20or%201=1', {}, 404],
  ['broken percent encoding', 'GET', '/products/%E0%A4%A', {}, 400],
  ['unknown category', 'GET', '/categories/101', {}, 404],
  ['page beyond the last', 'GET', '/categories/1?page=999', {}, 404],
  ['page zero', 'GET', '/categories/1?page=0', {}, 400],
  ['two pages', 'GET', '/categories/1?page=1&page=2', {}, 400],
  ['search without words', 'GET', '/search', {}, 400],
  ['search with a NUL', 'GET', '/search?q=%00', {}, 400],
  ['search too long', 'GET', `/search?q=${'x'.repeat(101)}`, {}, 400],
  ['unknown order', 'GET', '/orders/999999', {}, 404],
  ['unknown page', 'GET', '/nowhere', {}, 404],
]

test.each(BAD)('%s: %s %s is refused in one shape', async (_what, method, path, init, status) => {
  const answer = await shop.json(path, { ...init, method })
  expect(answer.status).toBe(status)
  expect(answer.body).toEqual({ error: { code: expect.any(String), message: expect.any(String) } })
  expect(answer.headers.get('server-timing')).toContain('app;dur=')
  expect(answer.body.error.message).not.toMatch(/select|syntax error|node_modules/i)
})

test.each([`'; drop table products; --`, `' or 1=1 --`, `kettle & !(`, '"', '-', '%'])(
  'search for %s is only a search',
  async (query) => {
    const { status, body } = await shop.json(`/search?q=${encodeURIComponent(query)}`)
    expect(status).toBe(200)
    expect(body.query).toBe(query)
    expect((await shop.json('/products/1')).status).toBe(200)
  },
)

test('markup in a search is shown, not obeyed; a browser gets errors as a page', async () => {
  const attack = '<script>alert(1)</script>"\''
  const text = await (await fetch(`${shop.url}/search?q=${encodeURIComponent(attack)}`)).text()
  expect(text).not.toContain('<script')
  expect(text).toContain('&lt;script>alert(1)&lt;/script>&quot;')
  const missing = await fetch(`${shop.url}/products/987654`, { headers: { accept: 'text/html' } })
  expect(missing.status).toBe(404)
  expect(await missing.text()).toContain('There is no such product.')
})

test('health, readiness and every metric the probes read', async () => {
  expect((await fetch(`${shop.url}/healthz`)).status).toBe(200)
  expect((await fetch(`${shop.url}/readyz`)).status).toBe(200)
  const metrics = await (await fetch(`${shop.url}/metrics`)).text()
  const names = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
  expect(names.toSorted()).toEqual([
    'shop_connections_refused_total counter',
    'shop_event_loop_delay_p99_seconds gauge',
    'shop_event_loop_utilisation gauge',
    'shop_orders_total counter',
    'shop_pool_held_seconds histogram',
    'shop_pool_idle gauge',
    'shop_pool_max gauge',
    'shop_pool_timeouts_total counter',
    'shop_pool_total gauge',
    'shop_pool_wait_seconds histogram',
    'shop_pool_waiting gauge',
    'shop_query_seconds histogram',
    'shop_requests_total counter',
    'shop_revenue_cents_total counter',
  ])
  expect(metrics).toContain('shop_query_seconds_count{name="best-sellers"}')
  expect(metrics).not.toContain('/metrics"')
  expect(await shop.metric('shop_pool_total')).toBe(10)
  expect(await shop.metric('shop_pool_max')).toBe(10)
})
