import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPerson } from '../testing/person.ts'
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

const delivery = {
  name: 'Ada Lovelace',
  street: 'Rue du Four 3',
  postcode: '1010',
  city: 'Vienna',
  country: 'AT',
  card: '4242 4242 4242 4242',
}

test('a person without JavaScript: add to cart, see it, pay, see the order; paying twice pays once', async () => {
  const person = startPerson(shop.url)
  const added = await person.submit(await person.get('/products/12'), '/cart/items', { quantity: '2' })
  expect(added.status).toBe(303)
  expect(added.location).toBe('/cart')
  expect(added.setCookie).toMatch(/^cart=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Lax$/)
  await person.submit(await person.get('/products/12'), '/cart/items', { quantity: '1' })
  const cart = await person.get('/cart')
  expect(cart.text).toMatch(/aria-label="Pieces of [^"]+" value="3"/)
  const key = /name="key" value="([^"]+)"/.exec(cart.text)![1]!
  const checkout = await person.get(`/checkout?key=${key}`)
  expect(checkout.text).toContain(`name="key" value="${key}"`)
  const paid = await person.submit(checkout, '/checkout', { email, ...delivery })
  expect(paid.status).toBe(303)
  const again = await person.submit(checkout, '/checkout', { email, ...delivery })
  expect(again.location).toBe(paid.location)
  const order = await person.get(paid.location)
  expect(order.text).toContain('<strong>paid</strong>')
  expect(order.text).toContain('a…@example.com')
  expect(order.text).not.toContain('Rue du Four')
  expect((await person.get('/cart')).text).toContain('Your cart is empty')
})

test('a person changes their mind: fewer pieces, none at all, and only in their own cart', async () => {
  const [person, other] = [startPerson(shop.url), startPerson(shop.url)]
  for (const one of [person, other])
    for (const product of [12, 13])
      await one.submit(await one.get(`/products/${product}`), '/cart/items', { quantity: '5' })
  const pieces = async (one: typeof person) =>
    [...(await one.get('/cart')).text.matchAll(/aria-label="Pieces of [^"]+" value="(\d+)"/g)].map(
      ([, n]) => n,
    )
  const changed = await person.submit(await person.get('/cart'), '/cart/items/12', { quantity: '2' })
  expect(changed).toMatchObject({ status: 303, location: '/cart' })
  expect(await pieces(person)).toEqual(['2', '5'])
  const cart = await person.get('/cart')
  await person.submit(cart, '/cart/items/13', { quantity: '0' })
  expect(await pieces(person)).toEqual(['2'])
  // The page of another tab still shows it.
  expect((await person.submit(cart, '/cart/items/13', { quantity: '4' })).status).toBe(303)
  expect(await pieces(person)).toEqual(['2'])
  expect((await person.submit(cart, '/cart/items/12', { quantity: '100' })).status).toBe(400)
  expect((await person.post('/cart/items/12', { quantity: '1' })).status).toBe(403)
  await person.submit(cart, '/cart/items/12', { quantity: '0' })
  expect((await person.get('/cart')).text).toContain('Your cart is empty')
  expect(await pieces(other)).toEqual(['5', '5'])
})

test('a checkout form that is not right comes back with what was written and what is wrong, but no card', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/13'), '/cart/items', { quantity: '1' })
  const page = await person.get('/checkout')
  const wrong = { email, ...delivery, name: '<b>Ada</b> "O\'Hara"', country: 'XX', card: '4242x' }
  const answer = await person.submit(page, '/checkout', wrong)
  expect(answer.status).toBe(400)
  expect(answer.text).toContain('value="&lt;b>Ada&lt;/b> &quot;O\'Hara&quot;"')
  expect(answer.text).toContain('<span class="wrong" id="country-error">Please choose a country.</span>')
  expect(answer.text).toContain('aria-describedby="card-hint card-error" aria-invalid="true"')
  expect(answer.text).not.toContain('4242')
  const mended = await person.submit(answer, '/checkout', { email, ...delivery })
  expect(mended.status).toBe(303)
})

test('a card that is declined buys nothing, and another one then does', async () => {
  const before = await onHand(14)
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/14'), '/cart/items', { quantity: '1' })
  const page = await person.get('/checkout')
  const declined = await person.submit(page, '/checkout', { email, ...delivery, card: '4000 0000 0000' })
  expect(declined.status).toBe(402)
  expect(declined.text).toContain('This card was declined')
  expect(declined.text).toContain('value="Rue du Four 3"')
  expect(declined.text).toContain('<option value="AT" selected>')
  expect(await onHand(14)).toBe(before)
  expect((await person.submit(declined, '/checkout', { email, ...delivery })).status).toBe(303)
  expect(await onHand(14)).toBe(before - 1)
})

test('JSON may name an address and a card, and need not; the address is part of what was asked for', async () => {
  const { card, ...address } = delivery
  const request = { email, items: [{ product: 15, quantity: 1 }], address, card }
  expect((await shop.checkout(request, 'with-address')).status).toBe(201)
  expect((await shop.checkout(request, 'with-address')).status).toBe(201)
  const elsewhere = { ...request, address: { ...address, city: 'Graz' } }
  expect((await shop.checkout(elsewhere, 'with-address')).status).toBe(422)
  const nowhere = await shop.checkout({ ...request, address: { ...address, street: '' } }, 'nowhere')
  expect(nowhere.status).toBe(400)
  expect(nowhere.body.error.fields).toEqual({ 'address.street': 'Please enter street and number.' })
  expect(
    await ask(postgres.url, "select city from order_addresses where street = 'Rue du Four 3'"),
  ).toContainEqual({
    city: 'Vienna',
  })
})

test('a cart cookie that was tampered with is no cart', async () => {
  const { status, body } = await shop.json('/cart', { headers: { cookie: "cart=' or 1=1 --" } })
  expect(status).toBe(200)
  expect(body.items).toEqual([])
})

test('a cart is sold once, however many tabs pay for it at the same time', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/40'), '/cart/items', { quantity: '2' })
  const tabs = [await person.get('/checkout'), await person.get('/checkout'), await person.get('/checkout')]
  const before = await onHand(40)
  const answers = await Promise.all(
    tabs.map((tab) => person.submit(tab, '/checkout', { email, ...delivery })),
  )
  expect(answers.map(({ status }) => status).filter((status) => status === 303)).toHaveLength(1)
  for (const { status } of answers) expect([303, 400, 409]).toContain(status)
  expect(await onHand(40)).toBe(before - 2)
})

test('what comes into the cart while it is paid for stays there', async () => {
  const slow = await startTestShop(postgres.url, { SHOP_PAYMENT_MS: '300' })
  try {
    const cookie = `cart=${randomUUID()}`
    const post = (path: string, body: unknown, key = '') =>
      slow.json(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { cookie, ...(key && { 'idempotency-key': key }) },
      })
    await post('/cart/items', { product: 41, quantity: 1 })
    const paying = post('/checkout', { email }, 'meanwhile')
    await new Promise((resolve) => setTimeout(resolve, 100))
    await post('/cart/items', { product: 41, quantity: 2 })
    await post('/cart/items', { product: 42, quantity: 1 })
    expect((await paying).status).toBe(201)
    const { body } = await slow.json('/cart', { headers: { cookie } })
    expect(
      body.items.map((item: { product: number; quantity: number }) => [item.product, item.quantity]),
    ).toEqual([
      [41, 2],
      [42, 1],
    ])
  } finally {
    await slow.close()
  }
})

test('two tabs opened before there was a cart can both add to it; another site cannot', async () => {
  const person = startPerson(shop.url)
  await person.get('/products/43')
  const add = (headers: Record<string, string>) =>
    person.post('/cart/items', { product: '43', quantity: '1' }, headers)
  expect((await add({ origin: shop.url })).status).toBe(303)
  expect((await add({ origin: shop.url })).status).toBe(303)
  expect((await add({})).status).toBe(403)
  expect((await add({ origin: 'http://elsewhere.example' })).status).toBe(403)
})

test('a checkout page that is older than its cart buys nothing: it comes back with the cart as it is, and what was written', async () => {
  const person = startPerson(shop.url)
  const add = async (product: number, quantity: string) =>
    person.submit(await person.get(`/products/${product}`), '/cart/items', { quantity })
  await add(60, '1')
  const stale = await person.get('/checkout')
  await add(60, '2')
  const before = await onHand(60)
  const told = await person.submit(stale, '/checkout', { email, ...delivery })
  expect(told.status).toBe(409)
  expect(told.text).toContain('Your cart has changed since this page was opened. Please look at it again.')
  expect(told.text).toContain('Nothing was charged.')
  expect(told.text).toContain('<td class="n">3</td>')
  expect(told.text).toContain('value="Rue du Four 3"')
  expect(told.text).toContain('href="/cart"')
  expect(told.text).not.toContain('4242')
  expect(await onHand(60)).toBe(before)
  // Having seen it, they may agree to it.
  expect((await person.submit(told, '/checkout', { email, ...delivery })).status).toBe(303)
  expect(await onHand(60)).toBe(before - 3)
})

test('a price that changed since the checkout page was opened is shown before it is charged', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/61'), '/cart/items', { quantity: '1' })
  const stale = await person.get('/checkout')
  await ask(postgres.url, 'update products set price_cents = price_cents + 100 where id = 61')
  const told = await person.submit(stale, '/checkout', { email, ...delivery })
  expect(told.status).toBe(409)
  const shown = (page: { text: string }) => /Pay ([^<]+)</.exec(page.text)![1]
  expect(shown(told)).not.toBe(shown(stale))
  expect((await person.submit(told, '/checkout', { email, ...delivery })).status).toBe(303)
})

test('a cart that was bought in another tab is not bought again; the page says so and leads on', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/62'), '/cart/items', { quantity: '1' })
  const [one, other] = [await person.get('/checkout'), await person.get('/checkout')]
  expect((await person.submit(one, '/checkout', { email, ...delivery })).status).toBe(303)
  const told = await person.submit(other, '/checkout', { email, ...delivery })
  expect(told.status).toBe(409)
  expect(told.text).toContain('Your cart is empty by now: it was bought or emptied elsewhere.')
  expect(told.text).toContain('Find something')
  expect(told.text).not.toContain('<button type="submit">Pay')
})

test('what is sold out is called by its name on the checkout page, which can be sent again once there is some', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/63'), '/cart/items', { quantity: '2' })
  await person.submit(await person.get('/products/64'), '/cart/items', { quantity: '1' })
  const page = await person.get('/checkout')
  const [product] = await ask(postgres.url, 'select name from products where id = 63')
  await ask(postgres.url, 'update stock set on_hand = 1 where sku = 63')
  const told = await person.submit(page, '/checkout', { email, ...delivery })
  expect(told.status).toBe(409)
  expect(told.text).toContain(`“${product?.['name']}” is sold out, or fewer are left than you want.`)
  expect(told.text).toContain('value="Rue du Four 3"')
  await ask(postgres.url, 'update stock set on_hand = stocked where sku = 63')
  expect((await person.submit(told, '/checkout', { email, ...delivery })).status).toBe(303)
})

test('a key that was used for another order is not a dead end for a person', async () => {
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/65'), '/cart/items', { quantity: '1' })
  const page = await person.get('/checkout')
  const order = await person.submit(page, '/checkout', { email, ...delivery })
  await person.submit(await person.get('/products/66'), '/cart/items', { quantity: '1' })
  const elsewhere = { email, ...delivery, city: 'Graz' }
  const told = await person.submit(page, '/checkout', elsewhere)
  expect(told.status).toBe(422)
  expect(told.text).toContain(`Order ${order.location.split('/').at(-1)} was placed`)
  const another = await person.submit(told, '/checkout', elsewhere)
  expect(another.status).toBe(303)
  expect(another.location).not.toBe(order.location)
})
