import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPerson } from '../testing/person.ts'
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

/** Locks rows of the stock, as somebody does who forgot an open transaction, while `look` runs. */
async function whileStockIsLocked(product: number, look: () => Promise<void>): Promise<void> {
  const forgetful = new pg.Client({ connectionString: postgres.url })
  await forgetful.connect()
  try {
    await forgetful.query('begin')
    await forgetful.query('select 1 from stock where sku = $1 for update', [product])
    await look()
  } finally {
    await forgetful.end()
  }
}

test('a checkout does not wait for a lock for ever: a 503 that says when to come back, and nothing is left behind', async () => {
  const settings = { SHOP_LOCK_TIMEOUT_MS: '150', SHOP_RETRY_AFTER_SEC: '4', POOL_SIZE: '2' }
  const shop = await startTestShop(postgres.url, settings)
  const order = { email: 'ada@example.com', items: [{ product: 50, quantity: 1 }] }
  await whileStockIsLocked(50, async () => {
    const { status, headers, body } = await shop.checkout(order, 'locked')
    expect([status, headers.get('retry-after')]).toEqual([503, '4'])
    expect(body.error).toEqual({
      code: 'lock-timeout',
      message: expect.stringMatching(/Nothing was changed\. Please try again/),
    })
    const kept = await shop.json('/reservations', {
      method: 'POST',
      body: JSON.stringify({ product: 50, quantity: 1 }),
      headers: { 'idempotency-key': 'locked' },
    })
    expect([kept.status, kept.body.error.code]).toEqual([503, 'lock-timeout'])
    // Others are not held up, and neither connection is stuck behind the lock.
    expect((await shop.json('/products/50')).status).toBe(200)
    const other = { email: 'ada@example.com', items: [{ product: 51, quantity: 1 }] }
    expect((await shop.checkout(other, 'unlocked')).status).toBe(201)
    const [waiting] = await ask(
      postgres.url,
      "select count(*)::int as n from pg_stat_activity where application_name like 'shop %' and state <> 'idle'",
    )
    expect(waiting?.['n']).toBe(0)
  })
  expect((await shop.checkout(order, 'locked')).status).toBe(201)
  await shop.close()
})

test('connections that are ended again and again, also while others are being opened, cost the shop nothing but them', async () => {
  const shop = await startTestShop(postgres.url)
  const end = () =>
    ask(
      postgres.url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'shop %'",
    )
  // The shop opens what is missing a quarter of a second after it was lost.
  for (let round = 0; round < 60; round++) {
    await end()
    await delay(15)
  }
  await until(async () => (await shop.json('/products/50')).status === 200)
  await shop.close()
})

test('a checkout that gets its lock in time only waits', async () => {
  const shop = await startTestShop(postgres.url)
  const order = { email: 'ada@example.com', items: [{ product: 52, quantity: 1 }] }
  let checkout: Promise<{ readonly status: number }> | null = null
  await whileStockIsLocked(52, async () => {
    checkout = shop.checkout(order, 'patient')
    await until(async () => {
      const [row] = await ask(
        postgres.url,
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
      )
      return row?.['n'] === 1
    })
  })
  expect(await checkout).toMatchObject({ status: 201 })
  await shop.close()
})

test('a database that became read-only: pages are read, writes are a 503 with Retry-After, and both work again after', async () => {
  const shop = await startTestShop(postgres.url, { POOL_SIZE: '1', SHOP_ADMIN_PASSWORD: 'open sesame' })
  const person = startPerson(shop.url)
  await person.submit(await person.get('/products/53'), '/cart/items', { quantity: '1' })
  const form = await person.get('/checkout')
  const fields = {
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    street: 'Rue du Four 3',
    postcode: '1010',
    city: 'Vienna',
    country: 'AT',
    card: '4242 4242 4242 4242',
  }
  const setReadOnly = async (readOnly: boolean) => {
    await ask(postgres.url, `alter system set default_transaction_read_only = ${readOnly ? 'on' : 'off'}`)
    await ask(postgres.url, 'select pg_reload_conf()')
    // Each session hears of it when it hears of it.
    await until(async () => {
      const { status } = await write('/cart/items', { product: 1, quantity: 1 })
      return (status === 503) === readOnly
    })
  }
  const write = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    shop.json(path, { method: 'POST', body: JSON.stringify(body), headers })
  const item = { product: 53, quantity: 1 }
  const credentials = { authorization: `Basic ${Buffer.from('admin:open sesame').toString('base64')}` }
  await setReadOnly(true)
  try {
    for (const path of ['/', '/products/53', '/categories/7', '/search?q=kettle', '/best-sellers', '/cart']) {
      expect((await shop.json(path)).status, path).toBe(200)
    }
    expect((await fetch(`${shop.url}/readyz`)).status).toBe(200)
    for (const answer of [
      await write('/cart/items', item),
      await write('/checkout', { email: 'a@b.eu', items: [item] }, { 'idempotency-key': 'read-only' }),
      await write('/reservations', item, { 'idempotency-key': 'read-only' }),
      await write('/register', { name: 'Ada', email: 'ada@example.com', password: 'correct horse' }),
      await write('/sign-in', { email: 'ada@example.com', password: 'correct horse' }),
      await write('/admin/restock', item, credentials),
    ]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
      expect(answer.body.error).toEqual({
        code: 'read-only',
        message: expect.stringMatching(/takes no changes\. Nothing was changed\. Please try again/),
      })
    }
    const refused = await person.submit(form, '/checkout', fields)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    expect(refused.text).toContain('its database takes no changes')
    // What was filled in is not lost, except for the card.
    expect(refused.text).toContain('value="Rue du Four 3"')
    expect(refused.text).not.toContain('4242')
  } finally {
    await setReadOnly(false)
  }
  expect((await person.submit(form, '/checkout', fields)).status).toBe(303)
  await shop.close()
})
