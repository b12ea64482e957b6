import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { seedTestShop, startTestShop, type TestShop, until } from '../testing/test-shop.ts'

let postgres: TestPostgres
let shop: TestShop
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url, {
    SHOP_MAX_CONCURRENT: '2',
    SHOP_QUEUE_LIMIT: '3',
    SHOP_QUEUE_TIMEOUT_MS: '20000',
    SHOP_RETRY_AFTER_SEC: '7',
    SHOP_PAYMENT_MS: '1000',
  })
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

const checkOut = (key: string, signal?: AbortSignal) =>
  fetch(`${shop.url}/checkout`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ email: 'a@b.eu', items: [{ product: 2, quantity: 1 }] }),
    ...(signal ? { signal } : {}),
  })

test('two at a time, three in line, the others are told to come back at once; operations pass', async () => {
  const answers = Promise.all(Array.from({ length: 9 }, (_, index) => checkOut(`at once ${index}`)))
  await until(async () => (await shop.metric('shop_queue_waiting')) === 3)
  expect(await shop.metric('shop_requests_inside')).toBe(2)
  expect((await fetch(`${shop.url}/healthz`)).status).toBe(200)
  expect((await fetch(`${shop.url}/readyz`)).status).toBe(200)
  const page = await fetch(shop.url, { headers: { accept: 'text/html' } })
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '7'])
  expect(await page.text()).toContain('The shop is very busy')

  const all = await answers
  const served = all.filter(({ status }) => status === 201)
  const turnedAway = all.filter(({ status }) => status === 503)
  expect([served.length, turnedAway.length]).toEqual([5, 4])
  for (const answer of turnedAway) {
    expect(answer.headers.get('retry-after')).toBe('7')
    expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } })
  }
  const queueMs = served.map(({ headers }) =>
    Number(/^queue;dur=([\d.]+), pool/.exec(headers.get('server-timing') ?? '')?.[1]),
  )
  expect(queueMs.filter((ms) => ms > 500)).toHaveLength(3)
  expect(await shop.metric('shop_queued_total')).toBe(3)
  expect(await shop.metric('shop_shed_total{reason="full"}')).toBe(5)
  expect(await shop.metric('shop_requests_inside')).toBe(0)
})

test('shoppers who leave, in line or inside, free their place', async () => {
  const leaving = new AbortController()
  const left = Array.from({ length: 5 }, (_, index) => checkOut(`left ${index}`, leaving.signal))
  await until(async () => (await shop.metric('shop_queue_waiting')) === 3)
  leaving.abort()
  await Promise.allSettled(left)
  await until(
    async () =>
      (await shop.metric('shop_queue_waiting')) === 0 && (await shop.metric('shop_requests_inside')) === 0,
  )
  expect((await checkOut('after')).status).toBe(201)
})

test('who waits too long is turned away', async () => {
  const slow = await startTestShop(postgres.url, {
    SHOP_MAX_CONCURRENT: '1',
    SHOP_QUEUE_TIMEOUT_MS: '50',
    SHOP_PAYMENT_MS: '1500',
  })
  try {
    const inside = slow.checkout({ email: 'a@b.eu', items: [{ product: 2, quantity: 1 }] }, 'inside')
    await until(async () => (await slow.metric('shop_requests_inside')) === 1)
    const { status, headers } = await slow.json('/')
    expect([status, headers.get('retry-after')]).toEqual([503, '2'])
    expect(await slow.metric('shop_shed_total{reason="timeout"}')).toBe(1)
    expect((await inside).status).toBe(201)
  } finally {
    await slow.close()
  }
})
