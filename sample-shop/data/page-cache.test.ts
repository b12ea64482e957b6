import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { openTelemetry } from '../telemetry.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { findRedis, startTestRedis, type TestRedis } from '../testing/redis.ts'
import {
  ask,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from '../testing/test-shop.ts'
import { pageCacheIn } from './page-cache.ts'
import { openProcessStore } from './process-store.ts'

const redisProgram = findRedis()
let postgres: TestPostgres
let redis: TestRedis | null = null
const shops: TestShop[] = []

beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  if (redisProgram) redis = await startTestRedis(redisProgram)
})
afterEach(async () => {
  await Promise.all(shops.splice(0).map((shop) => shop.close()))
})
afterAll(async () => {
  await redis?.remove()
  await postgres?.remove()
})

async function start(settings: Settings, said: string[] = []): Promise<TestShop> {
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) })
  const shop = await startTestShop(postgres.url, { REDIS_URL: redis?.url ?? '', ...settings }, log)
  shops.push(shop)
  return shop
}

const PAGES = ['/', '/categories/7?page=1', '/products/1', '/search?q=kettle', '/best-sellers']
const statements = (shop: TestShop) => sumOf(shop, /^shop_query_seconds_count\{.*\} (\d+)$/gm)
const hits = (shop: TestShop) => sumOf(shop, /^shop_cache_hits_total\{.*\} (\d+)$/gm)

async function sumOf(shop: TestShop, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${shop.url}/metrics`)).text()
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0)
}

describe.each(redisProgram ? (['process', 'redis'] as const) : (['process'] as const))('%s', (kind) => {
  const settings = { SHOP_CACHE: kind, SHOP_CACHE_TIMEOUT_MS: '5000', SHOP_CACHE_TTL_MS: '600000' }

  async function startCaching(extra: Settings = {}): Promise<TestShop> {
    const shop = await start({ ...settings, ...extra })
    if (kind === 'process') return shop
    // Its client is loaded and connects beside the shop's start.
    await until(async () => {
      await shop.json('/categories/9')
      return (await hits(shop)) > 0
    })
    return shop
  }

  test('the second look is the same and asks nothing of the database but the stock', async () => {
    // Where pages are kept depends on what they show: nothing of another test's is found.
    const shop = await startCaching({ SHOP_HOME_PRODUCTS: '11', SHOP_BEST_SELLERS: '11' })
    const first = await Promise.all(PAGES.map((path) => shop.json(path)))
    const before = await statements(shop)
    expect(await Promise.all(PAGES.map((path) => shop.json(path)))).toMatchObject(
      first.map(({ body }) => ({ body })),
    )
    expect(await statements(shop)).toBe(before + 1)
    expect(await shop.metric('shop_cache_hits_total{page="home"}')).toBe(1)
    expect(await shop.metric('shop_cache_misses_total{page="product"}')).toBe(1)
    const { headers } = await shop.json('/')
    expect(headers.get('server-timing')).toMatch(/^pool;dur=0.00, db;dur=0.00, cache;dur=[\d.]+, app;dur=/)
  })

  test('the stock on a product page is never an old one', async () => {
    const shop = await startCaching({ SHOP_RELATED_PRODUCTS: '3' })
    await shop.json('/products/4')
    await ask(postgres.url, 'update stock set on_hand = 1, stocked = 1 where sku = 4')
    expect((await shop.json('/products/4')).body).toMatchObject({ id: 4, onHand: 1 })
  })

  test('what is not there, or not understood, is not kept', async () => {
    const shop = await startCaching()
    for (let time = 0; time < 2; time++) {
      expect((await shop.json('/products/987654')).status).toBe(404)
      expect((await shop.json('/categories/1?page=0')).status).toBe(400)
    }
    expect(await shop.metric('shop_cache_misses_total{page="product"}')).toBe(2)
  })

  test('fifty requests at once for one page find it once with single flight', async () => {
    const shop = await startCaching({ SHOP_SINGLE_FLIGHT: '1', SHOP_BEST_SELLERS: '12' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => shop.json('/best-sellers')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await shop.metric('shop_query_seconds_count{name="best-sellers"}')).toBe(1)
  })
})

describe.skipIf(!redisProgram)('Redis', () => {
  const settings = { SHOP_CACHE: 'redis', SHOP_CACHE_TIMEOUT_MS: '100', SHOP_CACHE_PAUSE_MS: '100' }
  const works = (shop: TestShop) =>
    until(async () => {
      const before = await hits(shop)
      await shop.json('/categories/3')
      await shop.json('/categories/3')
      return (await hits(shop)) > before
    })

  test('instances share what one of them found, and only one finds it', async () => {
    const together = {
      ...settings,
      SHOP_SINGLE_FLIGHT: '1',
      SHOP_CACHE_TIMEOUT_MS: '5000',
      SHOP_HOME_PRODUCTS: '13',
    }
    const [one, two] = [await start(together), await start(together)]
    await works(one)
    await works(two)
    await Promise.all([one, two, one, two].map((shop) => shop.json('/')))
    const found = async (shop: TestShop) =>
      shop.metric('shop_query_seconds_count{name="home-products"}').catch(() => 0)
    expect((await found(one)) + (await found(two))).toBe(1)
  })

  test('killed: the shop goes on without it, says so once, and takes it back', async () => {
    const said: string[] = []
    const shop = await start(settings, said)
    await works(shop)
    await redis!.kill()
    for (let time = 0; time < 20; time++) expect((await shop.json('/')).status).toBe(200)
    await sleep(300)
    for (let time = 0; time < 20; time++) expect((await shop.json('/')).status).toBe(200)
    expect(said.filter((line) => line.includes('going on without the cache'))).toHaveLength(1)
    await redis!.start()
    await works(shop)
  })

  test('frozen: one request waits for it, the others do not', async () => {
    const shop = await start({ ...settings, SHOP_CACHE_TIMEOUT_MS: '400', SHOP_CACHE_PAUSE_MS: '60000' })
    await works(shop)
    redis!.freeze()
    try {
      for (let time = 0; time < 20; time++) expect((await shop.json('/')).status).toBe(200)
      expect(await shop.metric('shop_cache_errors_total{page="home"}')).toBeGreaterThanOrEqual(1)
      const { headers } = await shop.json('/')
      expect(Number(/cache;dur=([\d.]+)/.exec(headers.get('server-timing')!)?.[1])).toBeLessThan(200)
    } finally {
      redis!.thaw()
    }
  })

  test('an instance that dies while it finds a page does not stop the others for longer than its lock', async () => {
    const shop = await start({
      ...settings,
      SHOP_CACHE_TIMEOUT_MS: '5000',
      SHOP_SINGLE_FLIGHT: '1',
      SHOP_CACHE_LOCK_MS: '300',
      SHOP_BEST_SELLERS: '14',
    })
    const { Redis } = await import('ioredis')
    const other = new Redis(redis!.url)
    await other.flushall()
    await works(shop)
    const [known] = await other.keys('*category:3/1')
    await other.set(known!.replace('category:3/1', 'lock:best-sellers:'), 'somebody dead', 'PX', 600_000)
    const { status, headers } = await shop.json('/best-sellers')
    expect(status).toBe(200)
    expect(Number(/cache;dur=([\d.]+)/.exec(headers.get('server-timing')!)?.[1])).toBeGreaterThan(250)
    other.disconnect()
  })
})

test('the process keeps no more entries than allowed, those asked for last', async () => {
  let nowMs = 0
  const store = openProcessStore({ entries: 2, lifetimeMs: () => 100 }, () => nowMs)
  await store.set('a', 1)
  await store.set('b', 2)
  await store.get('a')
  await store.set('c', 3)
  expect([await store.get('a'), await store.get('b'), await store.get('c')]).toEqual([1, undefined, 3])
  nowMs = 100
  expect(await store.get('a')).toBeUndefined()
})

test('a recomputation that fails fails all that waited for it, and the next one is tried', async () => {
  const telemetry = openTelemetry()
  const config = readConfig({ DATABASE_URL: 'postgres://nowhere/x', SHOP_SINGLE_FLIGHT: '1' })
  const cache = pageCacheIn(openProcessStore({ entries: 9, lifetimeMs: () => 1000 }), config, telemetry)
  const spent = () => ({ queueMs: 0, poolMs: 0, dbMs: 0, cacheMs: 0 })
  let tried = 0
  const find = async () => {
    tried++
    await sleep(20)
    if (tried === 1) throw new Error('no')
    return 'facts'
  }
  const answers = await Promise.allSettled([1, 2, 3].map(() => cache.find('page', 'key', spent(), find)))
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(tried).toBe(1)
  expect(await cache.find('page', 'key', spent(), find)).toEqual({ facts: 'facts', fresh: true })
  telemetry.close()
})
