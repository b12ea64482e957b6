import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { startTestStandby, type TestStandby } from '../testing/standby.ts'
import {
  type Answer,
  ask,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from '../testing/test-shop.ts'
import { VIEW_COUNTER } from './schema.ts'

/** A real standby that replays every commit two seconds late: how late is a setting, not how fast this machine is. */
const BEHIND_MS = 2000

let primary: TestPostgres
let standby: TestStandby
const shops: TestShop[] = []

beforeAll(async () => {
  primary = await startTestPostgres()
  await seedTestShop(primary.url)
  standby = await startTestStandby(primary, { applyDelayMs: BEHIND_MS })
}, 60_000)
afterEach(async () => {
  await Promise.all(shops.splice(0).map((shop) => shop.close()))
})
afterAll(async () => {
  await standby?.remove()
  await primary?.remove()
})

/** A shop that reads the standby by now. */
async function start(settings: Settings): Promise<TestShop> {
  const shop = await startTestShop(primary.url, {
    SHOP_REPLICA_URLS: standby.url,
    SHOP_REPLICA_CHECK_MS: '50',
    POOL_SIZE: '4',
    ...settings,
  })
  shops.push(shop)
  await until(() => usable(shop, 1))
  return shop
}

const usable = async (shop: TestShop, wanted: 0 | 1) =>
  (await shop.metric('shop_replica_usable{replica="replica-1"}')) === wanted
const readsOf = (shop: TestShop, target: string) =>
  shop.metric(`shop_reads_total{target="${target}"}`).catch(() => 0)

/** A shopper's browser: keeps its cookies from one request to the next. */
function browser(shop: TestShop) {
  const cookies = new Map<string, string>()
  const asking = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await shop.json(path, { ...init, headers: { ...init.headers, cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';')[0]!.split('=')
      cookies.set(name, value)
    }
    return answer
  }
  return {
    get: (path: string) => asking(path),
    post: (path: string, body: unknown, key: string) =>
      asking(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: key === '' ? {} : { 'idempotency-key': key },
      }),
  }
}

/** Adds to the cart and looks at it, orders it and looks at the order: what the shopper is shown. */
async function shopAndLook(shop: TestShop, key: string) {
  const { get, post } = browser(shop)
  expect((await post('/cart/items', { product: 7, quantity: 2 }, '')).status).toBe(201)
  const cart = (await get('/cart')).body.items.map(({ product }: { product: number }) => product)
  const order = await post('/checkout', { email: 'a@b.eu' }, key)
  expect(order.status).toBe(201)
  const page = `/orders/${order.body.id}`
  return { cart, order: (await get(page)).status, page }
}

test('what a shopper wrote is shown to them at once, though the replica that is read is two seconds behind', async () => {
  const shop = await start({ SHOP_REPLICA_LAG_MS: '60000', SHOP_OWN_WRITES_MS: '30000' })
  for (let shopper = 0; shopper < 5; shopper++) {
    const { page, ...seen } = await shopAndLook(shop, `seen-${shopper}`)
    expect(seen).toEqual({ cart: [7], order: 200 })
    // It was not on the replica: somebody else, whose reads go there, is not shown it yet.
    if (shopper === 0) {
      expect((await shop.json(page)).status).toBe(404)
      await until(async () => (await shop.json(page)).status === 200)
    }
  }
  expect(await readsOf(shop, 'replica-1')).toBeGreaterThan(0)
})

test('stale-replica-reads: the cart is empty after "add", the order just placed is not found, both come later', async () => {
  const shop = await start({
    SHOP_FLAWS: 'stale-replica-reads',
    SHOP_REPLICA_LAG_MS: '500',
    SHOP_OWN_WRITES_MS: '30000',
  })
  const { page, ...seen } = await shopAndLook(shop, 'unseen')
  expect(seen).toEqual({ cart: [], order: 404 })
  // It is further behind than it may be, and read on all the same.
  await until(async () => (await shop.json(page)).status === 200)
  expect(await usable(shop, 1)).toBe(true)
  expect(await readsOf(shop, 'primary')).toBe(0)
})

test('a standby too far behind is left out until it has caught up', async () => {
  const shop = await start({ SHOP_REPLICA_LAG_MS: '500' })
  await ask(primary.url, `update products set name = 'renamed' where id = 9`)
  const name = async () => (await shop.json('/products/9')).body.name
  expect(await name()).not.toBe('renamed')
  await until(() => usable(shop, 0))
  expect(await name()).toBe('renamed')
  await until(() => usable(shop, 1))
  expect(await name()).toBe('renamed')
  expect(await readsOf(shop, 'replica-1')).toBeGreaterThan(0)
})

test('a standby that was killed costs nobody a page, and is read again when it is back and has caught up', async () => {
  const shop = await start({ SHOP_REPLICA_LAG_MS: '500' })
  await standby.kill('SIGKILL')
  for (let time = 0; time < 20; time++) expect((await shop.json('/products/3')).status).toBe(200)
  await until(() => usable(shop, 0))
  await ask(primary.url, `update products set name = 'while it was away' where id = 3`)
  // Longer than it may be behind: back within that time, it may be read before it has caught up.
  await sleep(600)
  await standby.start()
  await until(() => usable(shop, 1))
  const before = await readsOf(shop, 'replica-1')
  expect((await shop.json('/products/3')).body.name).toBe('while it was away')
  expect(await readsOf(shop, 'replica-1')).toBe(before + 1)
})

test('a shop whose database is a standby by now is read, and says of writes when to try again', async () => {
  const shop = await startTestShop(standby.url)
  shops.push(shop)
  for (const path of ['/', '/products/3', '/search?q=kettle', '/orders/3']) {
    expect((await shop.json(path)).status, path).toBe(200)
  }
  const { status, headers, body } = await shop.checkout(
    { email: 'a@b.eu', items: [{ product: 3, quantity: 1 }] },
    'standby',
  )
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '2', 'read-only'])
})

test('a page that writes is not failed by the replica it came to first: the primary answers, the replica is read on', async () => {
  await ask(primary.url, VIEW_COUNTER)
  await until(async () => {
    const counters = await ask(
      standby.url,
      `select from information_schema.columns where table_name = 'products' and column_name = 'views'`,
    )
    return counters.length === 1
  })
  const shop = await start({ SHOP_FLAWS: 'hot-updates', SHOP_REPLICA_LAG_MS: '60000' })
  expect((await shop.json('/products/5')).status).toBe(200)
  expect(await ask(primary.url, 'select views from products where id = 5')).toEqual([{ views: 1 }])
  expect(await usable(shop, 1)).toBe(true)
  expect((await shop.json('/search?q=kettle')).status).toBe(200)
  expect(await readsOf(shop, 'replica-1')).toBe(2)
})
