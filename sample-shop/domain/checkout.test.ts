import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop } from '../testing/test-shop.ts'

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

const email = 'ada@example.com'
const onHand = async (sku: number) =>
  Number((await ask(postgres.url, 'select on_hand from stock where sku = $1', [sku]))[0]?.['on_hand'])

test('an order is paid, priced by the shop, and taken out of stock', async () => {
  const before = await onHand(5)
  const items = [
    { product: 5, quantity: 2 },
    { product: 6, quantity: 1 },
    { product: 5, quantity: 1 },
  ]
  const { status, body } = await shop.checkout({ email, items }, 'plain')
  const [row] = await ask(
    postgres.url,
    'select 3 * a.price_cents + b.price_cents as cents from products a, products b where a.id = 5 and b.id = 6',
  )
  const totalCents = Number(row?.['cents'])
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.any(Number),
    total: totalCents / 100,
    totalCents,
    currency: 'EUR',
    status: 'paid',
  })
  expect(await onHand(5)).toBe(before - 3)
  const order = (await shop.json(`/orders/${body.id}`)).body
  expect(order).toMatchObject({ id: body.id, totalCents, email: 'a…@example.com' })
  expect(order.lines).toMatchObject([
    { product: 6, quantity: 1 },
    { product: 5, quantity: 3 },
  ])
})

test('twenty checkouts at once with one key are one order', async () => {
  const before = await onHand(9)
  const [ordersBefore, revenueBefore] = [
    await shop.metric('shop_orders_total'),
    await shop.metric('shop_revenue_cents_total'),
  ]
  const request = { email, items: [{ product: 9, quantity: 2 }] }
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.checkout(request, 'same')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  expect(await onHand(9)).toBe(before - 2)
  expect(await shop.metric('shop_orders_total')).toBe(ordersBefore + 1)
  expect(await shop.metric('shop_revenue_cents_total')).toBe(revenueBefore + answers[0]!.body.totalCents)
  const later = await shop.checkout(request, 'same')
  expect(later.body).toEqual(answers[0]!.body)
})

test('the same key for another request is refused', async () => {
  await shop.checkout({ email, items: [{ product: 9, quantity: 1 }] }, 'reused')
  const other = await shop.checkout({ email, items: [{ product: 9, quantity: 2 }] }, 'reused')
  expect(other.status).toBe(422)
  expect(other.body.error.code).toBe('key-reused')
})

test('fifty shoppers at once for the last ten pieces: ten get one, forty are told', async () => {
  await ask(postgres.url, 'update stock set on_hand = 10, stocked = 10 where sku = 77')
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      shop.checkout({ email, items: [{ product: 77, quantity: 1 }] }, `last-${index}`),
    ),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 201)).toHaveLength(10)
  expect(statuses.filter((status) => status === 409)).toHaveLength(40)
  expect(await onHand(77)).toBe(0)
})

test('an order of which one part is sold out takes nothing and claims no key', async () => {
  const before = await onHand(20)
  await ask(postgres.url, 'update stock set on_hand = 0 where sku = 3')
  const items = [
    { product: 20, quantity: 1 },
    { product: 3, quantity: 1 },
  ]
  expect((await shop.checkout({ email, items }, 'partly')).status).toBe(409)
  expect(await onHand(20)).toBe(before)
  await ask(postgres.url, 'update stock set on_hand = stocked where sku = 3')
  expect((await shop.checkout({ email, items }, 'partly')).status).toBe(201)
})

test('checkouts that name the same products in opposite order do not deadlock', async () => {
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => {
      const items = [30, 31, 32].map((product) => ({ product, quantity: 1 }))
      return shop.checkout({ email, items: index % 2 ? items : items.reverse() }, `cross-${index}`)
    }),
  )
  expect(answers.every(({ status }) => status === 201)).toBe(true)
})

test('after all of that the books balance', async () => {
  const unbalanced = await ask(
    postgres.url,
    `select sku from stock
       left join (select product_id, sum(quantity) as sold from order_lines l join orders o on o.id = l.order_id
                   where o.idempotency_key is not null group by 1) live on product_id = sku
      where on_hand < 0 or stocked - on_hand <> coalesce(sold, 0)`,
  )
  expect(unbalanced).toEqual([])
  const mispriced = await ask(
    postgres.url,
    `select id from orders join order_lines on order_id = id
      group by id having total_cents <> sum(quantity * price_cents)`,
  )
  expect(mispriced).toEqual([])
})

test.each([
  ['no key', { email, items: [{ product: 1, quantity: 1 }] }, '', 400],
  ['no email', { items: [{ product: 1, quantity: 1 }] }, 'k1', 400],
  ['an email that is none', { email: 'nobody', items: [{ product: 1, quantity: 1 }] }, 'k2', 400],
  ['an empty list', { email, items: [] }, 'k3', 400],
  ['an empty cart', { email }, 'k4', 400],
  ['a negative quantity', { email, items: [{ product: 1, quantity: -5 }] }, 'k5', 400],
  ['too many pieces in parts', { email, items: Array(3).fill({ product: 1, quantity: 40 }) }, 'k6', 400],
  [
    'too many lines',
    { email, items: Array.from({ length: 21 }, (_, i) => ({ product: i + 1, quantity: 1 })) },
    'k7',
    400,
  ],
  ['an unknown product', { email, items: [{ product: 555_555, quantity: 1 }] }, 'k8', 404],
  ['a key that is too long', { email, items: [{ product: 1, quantity: 1 }] }, 'k'.repeat(101), 400],
])('checkout with %s is refused', async (_what, body, key, status) => {
  expect((await shop.checkout(body, key)).status).toBe(status)
})

test('a person without JavaScript: add to cart, see it, pay, see the order; paying twice pays once', async () => {
  const form = (path: string, fields: Record<string, string>, cookie = '') =>
    fetch(shop.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { accept: 'text/html', cookie },
      redirect: 'manual',
    })
  const added = await form('/cart/items', { product: '12', quantity: '2' })
  expect(added.status).toBe(303)
  expect(added.headers.get('location')).toBe('/cart')
  const setCookie = added.headers.get('set-cookie') ?? ''
  expect(setCookie).toMatch(/^cart=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Lax$/)
  const cookie = setCookie.split(';')[0]!
  await form('/cart/items', { product: '12', quantity: '1' }, cookie)
  const cart = await (await fetch(`${shop.url}/cart`, { headers: { cookie } })).text()
  expect(cart).toContain('<td class="n">3</td>')
  const key = /name="key" value="([^"]+)"/.exec(cart)![1]!
  const paid = await form('/checkout', { email, key }, cookie)
  expect(paid.status).toBe(303)
  const again = await form('/checkout', { email, key }, cookie)
  expect(again.headers.get('location')).toBe(paid.headers.get('location'))
  const order = await (await fetch(shop.url + paid.headers.get('location'))).text()
  expect(order).toContain('<strong>paid</strong>')
  expect((await shop.json('/cart', { headers: { cookie } })).body.items).toEqual([])
})

test('a cart cookie that was tampered with is no cart', async () => {
  const { status, body } = await shop.json('/cart', { headers: { cookie: "cart=' or 1=1 --" } })
  expect(status).toBe(200)
  expect(body.items).toEqual([])
})
