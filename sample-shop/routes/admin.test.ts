import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPerson } from '../testing/person.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop, until } from '../testing/test-shop.ts'

const PASSWORD = 'pässword: of the admin'

let postgres: TestPostgres
let shop: TestShop

beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url, { SHOP_ADMIN_PASSWORD: PASSWORD, SHOP_REPORT_DAYS: '2' })
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
})
const headers = basic(PASSWORD)

test('without the setting there is no admin', async () => {
  const other = await startTestShop(postgres.url)
  try {
    expect((await other.json('/admin', { headers })).status).toBe(404)
    const body = JSON.stringify({ product: 1, quantity: 1 })
    expect((await other.json('/admin/restock', { method: 'POST', body, headers })).status).toBe(404)
  } finally {
    await other.close()
  }
})

test.each([
  ['none', {}],
  ['another', basic('password')],
  ['an empty one', basic('')],
  ['no Basic', { authorization: `Bearer ${PASSWORD}` }],
  ['no base64', { authorization: 'Basic %%%' }],
])('with %s for a password nothing is shown or done', async (_what, wrong: Record<string, string>) => {
  const page = await shop.json('/admin', { headers: wrong })
  expect(page.status).toBe(401)
  expect(page.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
  const body = JSON.stringify({ product: 1, quantity: 1 })
  expect((await shop.json('/admin/restock', { method: 'POST', body, headers: wrong })).status).toBe(401)
})

/** Answers to wrong passwords, then to the right one, each as from this address. */
async function guess(guessed: TestShop, addresses: readonly string[]) {
  const attempt = (password: string, address: string) =>
    guessed.json('/admin', { headers: { ...basic(password), 'x-forwarded-for': address } })
  const statuses: number[] = []
  for (const address of addresses) statuses.push((await attempt('wrong', address)).status)
  return { statuses, right: (address: string) => attempt(PASSWORD, address) }
}

test('the password can be guessed a few times, then nobody is let in from there; a page without a password is not a guess', async () => {
  const settings = { SHOP_ADMIN_PASSWORD: PASSWORD, SHOP_ADMIN_ATTEMPTS: '3' }
  const guarded = await startTestShop(postgres.url, settings)
  try {
    for (let visit = 0; visit < 5; visit++) expect((await guarded.json('/admin')).status).toBe(401)
    // What a client writes into the header itself stands before what the balancer adds.
    const from = ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'].map((made) => `${made}, 203.0.113.7`)
    const { statuses, right } = await guess(guarded, from)
    expect(statuses).toEqual([401, 401, 401, 429])
    const refused = await right('203.0.113.7')
    expect(refused.status).toBe(429)
    const retryAfterSec = Number(refused.headers.get('retry-after'))
    expect(retryAfterSec).toBeGreaterThan(200)
    expect(retryAfterSec).toBeLessThanOrEqual(300)
    expect(refused.body.error).toEqual({
      code: 'too-many-attempts',
      message: `Too many wrong passwords. Nobody is let in from here for ${retryAfterSec} s: please try again then.`,
    })
    expect((await right('203.0.113.8')).status).toBe(200)
    const body = JSON.stringify({ product: 1, quantity: 1 })
    const restocking = { ...headers, 'x-forwarded-for': '203.0.113.7' }
    expect((await guarded.json('/admin/restock', { method: 'POST', body, headers: restocking })).status).toBe(
      429,
    )
    expect((await guarded.json('/')).status).toBe(200)
  } finally {
    await guarded.close()
  }
})

test('guesses from many addresses are limited together; after the window the right password works again', async () => {
  const settings = {
    SHOP_ADMIN_PASSWORD: PASSWORD,
    SHOP_ADMIN_ATTEMPTS_OVERALL: '4',
    SHOP_SIGN_IN_WINDOW_MS: '3000',
  }
  const guarded = await startTestShop(postgres.url, settings)
  try {
    const addresses = Array.from({ length: 4 }, (_, index) => `198.51.100.${index}`)
    const { statuses, right } = await guess(guarded, addresses)
    expect(statuses).toEqual([401, 401, 401, 401])
    expect((await right('192.0.2.1')).status).toBe(429)
    await until(async () => (await right('192.0.2.1')).status === 200)
  } finally {
    await guarded.close()
  }
})

test('the report says what each category sold on each of the latest days', async () => {
  const { body } = await shop.json('/admin', { headers })
  expect(body.days).toHaveLength(1)
  const [day] = body.days
  const [sold] = await ask(
    postgres.url,
    'select sum(quantity)::int as units, sum(quantity * price_cents)::float8 as cents from order_lines',
  )
  expect(day).toMatchObject({ day: '2025-11-01', units: sold?.['units'], revenueCents: sold?.['cents'] })
  const [lamps] = await ask(
    postgres.url,
    `select sum(quantity)::int as units from order_lines l join products p on p.id = l.product_id
       join categories c on c.id = p.category_id where c.name = 'Lamps'`,
  )
  expect(day.categories).toContainEqual(
    expect.objectContaining({ category: 'Lamps', department: 'Living', units: lamps?.['units'] }),
  )
  const order = { email: 'a@b.eu', items: [{ product: 11, quantity: 2 }] }
  await shop.checkout(order, 'today')
  const today = (await shop.json('/admin', { headers })).body.days
  expect(today).toHaveLength(2)
  expect(today[0]).toMatchObject({ units: 2, categories: [{ category: 'Lamps', units: 2 }] })
})

test('restocking keeps the books: what was sold stays stocked minus on hand', async () => {
  await shop.checkout({ email: 'a@b.eu', items: [{ product: 21, quantity: 3 }] }, 'before-restock')
  const books = async () =>
    (await ask(postgres.url, 'select on_hand::int, stocked::int from stock where sku = 21'))[0] as {
      on_hand: number
      stocked: number
    }
  const before = await books()
  const restock = (body: unknown) =>
    shop.json('/admin/restock', { method: 'POST', body: JSON.stringify(body), headers })
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, () => restock({ product: 21, quantity: 10 })),
    shop.checkout({ email: 'a@b.eu', items: [{ product: 21, quantity: 1 }] }, 'beside-restock'),
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 201])
  expect(await books()).toEqual({ on_hand: before.on_hand + 49, stocked: before.stocked + 50 })
  const unbalanced = await ask(
    postgres.url,
    `select sku from stock left join (select product_id, sum(quantity) as sold from order_lines join orders on orders.id = order_id
        where idempotency_key is not null group by product_id) lines on product_id = sku
      where on_hand < 0 or stocked - on_hand <> coalesce(sold, 0)`,
  )
  expect(unbalanced).toEqual([])
})

test.each([
  [{ product: 999_999, quantity: 1 }, 404],
  [{ product: 1, quantity: 0 }, 400],
  [{ product: 1, quantity: -5 }, 400],
  [{ product: 1, quantity: 1e9 }, 400],
  [{ product: '1; drop table stock', quantity: 1 }, 400],
  [{}, 400],
])('restocking %j is %i', async (body, status) => {
  const answer = await shop.json('/admin/restock', { method: 'POST', body: JSON.stringify(body), headers })
  expect(answer.status).toBe(status)
})

test('a stock never runs over', async () => {
  await ask(postgres.url, 'update stock set on_hand = 1999999995, stocked = 1999999995 where sku = 22')
  const body = JSON.stringify({ product: 22, quantity: 10 })
  expect((await shop.json('/admin/restock', { method: 'POST', body, headers })).status).toBe(404)
})

test('a person restocks with the form; another site’s form cannot, though the browser sends the password along', async () => {
  const person = startPerson(shop.url)
  const seen = await fetch(`${shop.url}/admin`, { headers: { ...headers, accept: 'text/html' } })
  const text = await seen.text()
  expect(text).toContain('<summary>')
  const cart = /cart=([^;]+)/.exec(seen.headers.get('set-cookie') ?? '')![1]!
  const fields = { product: '23', quantity: '7' }
  expect((await person.post('/admin/restock', fields, headers)).status).toBe(403)
  person.cookies.set('cart', cart)
  expect((await person.post('/admin/restock', fields, headers)).status).toBe(403)
  const csrf = /name="csrf" value="([^"]+)"/.exec(text)![1]!
  const done = await person.post('/admin/restock', { ...fields, csrf }, headers)
  expect(done.status).toBe(303)
  expect(done.location).toBe('/admin?restocked=23')
  const wrong = await person.post('/admin/restock', { product: '999999', quantity: '7', csrf }, headers)
  expect(wrong.status).toBe(404)
  expect(wrong.text).toContain('id="product-error"')
  expect(wrong.text).toContain('value="999999"')
})
