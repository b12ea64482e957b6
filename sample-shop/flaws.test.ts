import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  CATEGORY_PRODUCTS_SQL,
  OFFSET_PAGING_SQL,
  REVIEWS_SQL,
  SCAN_SEARCH_SQL,
  SEARCH_SQL,
} from './data/catalogue.ts'
import { expireTogether } from './data/expire-together.ts'
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

/** Statements that `visit` makes the shop send, by name, with how often each was sent. */
async function statementsOf(shop: TestShop, visit: () => Promise<unknown>): Promise<Record<string, number>> {
  const sent = async () => {
    const text = await (await fetch(`${shop.url}/metrics`)).text()
    return [...text.matchAll(/^shop_query_seconds_count\{name="([^"]+)"\} (\d+)$/gm)].map(
      ([, name, count]) => [name!, Number(count)] as const,
    )
  }
  const before = new Map(await sent())
  await visit()
  const since = (await sent()).map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
  return Object.fromEntries(since.filter(([, count]) => count > 0))
}

/** Opens a shop with these settings for as long as `look` takes. */
async function withShop(settings: Settings, look: (shop: TestShop) => Promise<void>): Promise<void> {
  const shop = await startTestShop(postgres.url, settings)
  try {
    await look(shop)
  } finally {
    await shop.close()
  }
}

const json = (path: string) => (shop: TestShop) => shop.json(path).then(({ body }) => body)

/** What a page says with a flaw and without: the same, or the flaw would be another shop. */
async function expectSameAnswer(flaw: string, ask: (shop: TestShop) => Promise<unknown>): Promise<void> {
  const answers: unknown[] = []
  for (const settings of [{}, { SHOP_FLAWS: flaw }])
    await withShop(settings, async (shop) => void answers.push(await ask(shop)))
  expect(answers[1]).toEqual(answers[0])
}

test('scan-search: a search reads every product; with the index only those it finds', async () => {
  expect(await explain(postgres.url, SEARCH_SQL, ['kettle', 28])).not.toContain('Seq Scan')
  const scanned = await explain(postgres.url, SCAN_SEARCH_SQL, ['kettle', 28])
  expect(scanned).toContain('Seq Scan on products')
  expect(scanned).toMatch(/Rows Removed by Filter: 990/)
  await expectSameAnswer('scan-search', json('/search?q=kettle'))
  await withShop({ SHOP_FLAWS: 'scan-search' }, async (shop) => {
    for (const query of ["'; drop table products; --", '\\', '%_', 'settle']) {
      expect((await shop.json(`/search?q=${encodeURIComponent(query)}`)).status).toBe(200)
    }
    const found = await shop.json('/search?q=warranty')
    expect(found.body.products).toHaveLength(28)
  })
})

test('n-plus-one: a statement for each line of a cart or an order, and the same pages', async () => {
  const cart = '00000000-0000-4000-8000-000000000001'
  const headers = { cookie: `cart=${cart}` }
  await ask(
    postgres.url,
    `insert into cart_items select $1, sku, 2 from stock where sku <= 5 on conflict do nothing`,
    [cart],
  )
  const [order] = await ask(
    postgres.url,
    'select order_id as id from order_lines group by 1 having count(*) = 4 limit 1',
  )
  const visit = (shop: TestShop) =>
    statementsOf(shop, async () => {
      await shop.json('/cart', { headers })
      await shop.json(`/orders/${order?.['id']}`)
    })
  await withShop({}, async (shop) => {
    expect(await visit(shop)).toEqual({ cart: 1, order: 1, 'order-lines': 1 })
  })
  await withShop({ SHOP_FLAWS: 'n-plus-one' }, async (shop) => {
    expect(await visit(shop)).toEqual({ 'cart-lines': 1, order: 1, 'order-lines': 1, 'line-product': 9 })
  })
  await expectSameAnswer('n-plus-one', json(`/orders/${order?.['id']}`))
  await expectSameAnswer('n-plus-one', async (shop) => {
    const { items, totalCents } = (await shop.json('/cart', { headers })).body
    return { items, totalCents }
  })
})

test('offset-paging: the last page of a category costs what all pages before it cost', async () => {
  // A category of 1,000 products, of which the small shop has ten each.
  await ask(postgres.url, 'update products set category_id = 7')
  await ask(postgres.url, 'analyze products')
  try {
    const plain = await explain(postgres.url, CATEGORY_PRODUCTS_SQL, [7, 28, 0])
    expect(plain).toContain('Index Scan')
    expect(plain).not.toContain('Sort')
    const rated = async (offset: number) => {
      const plan = await explain(postgres.url, OFFSET_PAGING_SQL, [7, 28, offset])
      expect(plan).toContain('Sort Key: p.popularity DESC NULLS LAST')
      return [...plan.matchAll(/SubPlan \d\n.*?loops=(\d+)/gs)].map(([, loops]) => Number(loops))
    }
    expect(await rated(0)).toEqual([28, 28])
    expect(await rated(28 * 30)).toEqual([28 * 31, 28 * 31])
    await expectSameAnswer('offset-paging', json('/categories/7?page=1'))
    await expectSameAnswer('offset-paging', json('/categories/7?page=20'))
  } finally {
    await ask(postgres.url, 'update products set category_id = 1 + (id - 1) % 100')
    await ask(postgres.url, 'analyze products')
  }
})

test('connection-leak: one product page in so many keeps its connection, until none is left', async () => {
  const settings = {
    SHOP_FLAWS: 'connection-leak',
    SHOP_LEAK_EVERY: '3',
    POOL_SIZE: '2',
    SHOP_POOL_TIMEOUT_MS: '50',
  }
  const shop = await startTestShop(postgres.url, settings)
  const idle: number[] = []
  for (let page = 1; page <= 6; page++) {
    expect((await shop.json('/products/2')).status).toBe(200)
    expect((await shop.json('/products/987654')).status).toBe(page < 6 ? 404 : 503)
    idle.push(await shop.metric('shop_pool_idle'))
  }
  expect(idle).toEqual([2, 2, 1, 1, 1, 0])
  expect(await sessions()).toEqual({ locked: 0, open: 0, busy: 0 })
  expect((await shop.json('/')).body.error.code).toBe('pool-timeout')
  // Not awaited: a pool waits for its connections, and two of them never come back.
  void shop.close()
})

test('idle-transaction: product pages stand idle in their transactions while another service answers', async () => {
  const settings = { SHOP_FLAWS: 'idle-transaction', SHOP_REMOTE_MS: '1000', POOL_SIZE: '3' }
  await withShop(settings, async (shop) => {
    const statements = await statementsOf(shop, async () => {
      const pages = Promise.all([2, 3, 4].map((id) => shop.json(`/products/${id}`)))
      await until(async () => (await sessions()).open === 3)
      expect(await shop.metric('shop_pool_idle')).toBe(0)
      expect((await pages).map(({ status }) => status)).toEqual([200, 200, 200])
    })
    expect(statements).toMatchObject({ begin: 3, product: 3, commit: 3 })
    expect((await shop.json('/products/987654')).status).toBe(404)
    expect(await sessions()).toEqual({ locked: 0, open: 0, busy: 0 })
  })
  await expectSameAnswer('idle-transaction', json('/products/2'))
})

test('blocked-loop: one request in so many computes, and meanwhile nothing else happens in the shop', async () => {
  const settings = { SHOP_FLAWS: 'blocked-loop', SHOP_BLOCK_EVERY: '3', SHOP_BLOCK_MS: '500' }
  await withShop(settings, async (shop) => {
    // The shop's event loop is the test's own: a timer of ours stops when it does.
    let lastMs = performance.now()
    let stoppedMs = 0
    const timer = setInterval(() => {
      stoppedMs = Math.max(stoppedMs, performance.now() - lastMs)
      lastMs = performance.now()
    }, 5)
    const cpuMs: number[] = []
    for (let request = 1; request <= 6; request++) {
      const before = process.cpuUsage()
      await shop.json('/cart')
      const { user, system } = process.cpuUsage(before)
      cpuMs.push((user + system) / 1000)
    }
    clearInterval(timer)
    expect(cpuMs.map((ms) => ms >= 500)).toEqual([false, false, true, false, false, true])
    expect(stoppedMs).toBeGreaterThan(400)
  })
})

test('commit-per-line: statements without a transaction around them, and books in order all the same', async () => {
  const order = (items: readonly number[]) => ({
    email: 'a@b.eu',
    items: items.map((product) => ({ product, quantity: 1 })),
  })
  const checkout = (shop: TestShop, key: string) =>
    statementsOf(shop, async () => {
      expect((await shop.checkout(order([41, 42, 43]), key)).status).toBe(201)
    })
  const reading = { 'order-by-key': 1, prices: 1 }
  await withShop({}, async (shop) => {
    const writing = { begin: 1, 'order-insert': 1, 'stock-take': 3, commit: 1 }
    expect(await checkout(shop, 'at-once')).toEqual({ ...reading, ...writing })
  })
  await withShop({ SHOP_FLAWS: 'commit-per-line' }, async (shop) => {
    const writing = { 'stock-take': 3, 'order-claim': 1, 'line-insert': 3 }
    expect(await checkout(shop, 'by-line')).toEqual({ ...reading, ...writing })

    const same = await Promise.all(
      Array.from({ length: 10 }, () => shop.checkout(order([44, 45]), 'line-same')),
    )
    expect(new Set(same.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    await ask(postgres.url, 'update stock set on_hand = 4, stocked = 4 where sku = 46')
    const last = await Promise.all(
      Array.from({ length: 10 }, (_, i) => shop.checkout(order([46, 47]), `line-last-${i}`)),
    )
    expect(last.filter(({ status }) => status === 201)).toHaveLength(4)
    expect(last.filter(({ status }) => status === 409)).toHaveLength(6)
    const page = (await shop.json(`/orders/${same[0]!.body.id}`)).body
    expect(page).toMatchObject({
      totalCents: same[0]!.body.totalCents,
      lines: [{ product: 45 }, { product: 44 }],
    })
  })
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
    `select id from orders left join order_lines on order_id = id
      group by id having total_cents is distinct from sum(quantity * price_cents)`,
  )
  expect(mispriced).toEqual([])
})

test('retry-without-budget: a page that is not read at once is begun six times, side by side', async () => {
  const settings = {
    SHOP_FLAWS: 'retry-without-budget',
    SHOP_RETRY_AFTER_MS: '50',
    POOL_SIZE: '10',
  }
  await withShop(settings, async (shop) => {
    expect(await statementsOf(shop, () => shop.json('/products/987654'))).toEqual({ product: 1 })

    const lock = new pg.Client({ connectionString: postgres.url })
    await lock.connect()
    const statements = await statementsOf(shop, async () => {
      await lock.query('begin')
      await lock.query('lock table orders')
      const page = shop.json('/best-sellers')
      await until(async () => (await sessions()).locked === 6)
      await lock.query('commit')
      expect((await page).status).toBe(200)
      await until(async () => (await shop.metric('shop_pool_idle')) === 10)
    })
    await lock.end()
    expect(statements).toEqual({ 'latest-order': 6, 'best-sellers': 6 })
  })
  await withShop(
    { ...settings, POOL_SIZE: '1', SHOP_POOL_TIMEOUT_MS: '20', SHOP_RETRY_AFTER_MS: '10000' },
    async (shop) => {
      const lock = new pg.Client({ connectionString: postgres.url })
      await lock.connect()
      await lock.query('begin')
      await lock.query('lock table orders')
      const stuck = shop.json('/best-sellers')
      await until(async () => (await sessions()).locked === 1)
      expect((await shop.json('/')).body.error.code).toBe('pool-timeout')
      expect(await shop.metric('shop_pool_timeouts_total')).toBe(6)
      await lock.query('commit')
      expect((await stuck).status).toBe(200)
      await lock.end()
    },
  )
})

test('cache-stampede: kept pages expire at the same instants, and everybody asks the database for them', async () => {
  const ttlMs = 2000
  const pages = ['/', '/categories/7', '/best-sellers']
  const settings = { SHOP_CACHE: 'process', SHOP_CACHE_TTL_MS: `${ttlMs}`, POOL_SIZE: '10' }
  /** Keeps the pages half a lifetime before the next multiple of it, and looks again just after that multiple. */
  const lookAfterExpiry = async (shop: TestShop) => {
    const nextMs = (Math.floor((Date.now() + ttlMs / 2) / ttlMs) + 1) * ttlMs
    await sleep(nextMs - ttlMs / 2 - Date.now())
    for (const path of pages) await shop.json(path)
    const kept = await statementsOf(shop, () => Promise.all(pages.map((path) => shop.json(path))))
    expect(kept).toEqual({})
    await sleep(nextMs + 50 - Date.now())
    const lock = new pg.Client({ connectionString: postgres.url })
    await lock.connect()
    // While the database has not answered yet, shoppers come.
    await lock.query('begin')
    await lock.query('lock table categories, orders')
    const looks = Promise.all(
      Array.from({ length: 6 }, () => Promise.all(pages.map((path) => shop.json(path)))),
    )
    await sleep(300)
    await lock.query('commit')
    await lock.end()
    const askedMs = Date.now() - nextMs
    return { answers: await looks, askedMs }
  }
  const misses = (shop: TestShop) => shop.metric('shop_cache_misses_total{page="best-sellers"}')

  await withShop(settings, async (shop) => {
    const { askedMs } = await lookAfterExpiry(shop)
    // Kept half a lifetime ago: still there, unless this machine slept for the other half.
    if (askedMs < ttlMs / 2) expect(await misses(shop)).toBe(1)
  })
  await withShop({ ...settings, SHOP_FLAWS: 'cache-stampede' }, async (shop) => {
    const { answers } = await lookAfterExpiry(shop)
    expect(new Set(answers.flat().map(({ status }) => status))).toEqual(new Set([200]))
    expect(await misses(shop)).toBe(1 + 6)
  })
  const fixed = { ...settings, SHOP_FLAWS: 'cache-stampede', SHOP_SINGLE_FLIGHT: '1' }
  await withShop(fixed, async (shop) => {
    await lookAfterExpiry(shop)
    expect(await misses(shop)).toBe(1 + 1)
  })
})

test('cache-stampede: nothing is kept longer than it may be, whenever it was kept', () => {
  expect(expireTogether(5000, 20_000)).toBe(5000)
  expect(expireTogether(5000, 20_001)).toBe(4999)
  expect(expireTogether(5000, 24_999)).toBe(1)
})

test('hot-updates: every product page leaves a dead row that no update in place could avoid', async () => {
  await seedTestShop(postgres.url, { SHOP_FLAWS: 'hot-updates' })
  await withShop({ SHOP_FLAWS: 'hot-updates' }, async (shop) => {
    const statements = await statementsOf(shop, async () => {
      for (let page = 0; page < 5; page++) expect((await shop.json('/products/3')).status).toBe(200)
    })
    expect(statements).toMatchObject({ product: 5, 'product-view': 5 })
  })
  expect(await ask(postgres.url, 'select views from products where id = 3')).toEqual([{ views: 5 }])
  const written = async () => {
    const [row] = await ask(
      postgres.url,
      `select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'products'`,
    )
    return row
  }
  await until(async () => ((await written())?.['updates'] ?? 0) === 5)
  expect(await written()).toEqual({ updates: 5, hot: 0 })
  const [table] = await ask(
    postgres.url,
    "select reloptions::text as options from pg_class where relname = 'products'",
  )
  expect(table?.['options']).toContain('autovacuum_enabled=off')
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
