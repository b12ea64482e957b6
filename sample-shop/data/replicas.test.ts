import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort, startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import {
  ask,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from '../testing/test-shop.ts'

/** Two databases of one server stand in for primary and replica: what they hold differs, and shows where a read went. */
let postgres: TestPostgres
let replicaUrl: string
const shops: TestShop[] = []

beforeAll(async () => {
  postgres = await startTestPostgres()
  await ask(postgres.url, 'create database replica')
  replicaUrl = postgres.url.replace(/postgres$/, 'replica')
  await seedTestShop(postgres.url)
  await seedTestShop(replicaUrl)
  await ask(replicaUrl, `update products set name = 'from the replica'`)
  // What a standby says of itself, as the test wants it: these come before the functions of the system.
  await ask(replicaUrl, 'create schema told')
  await ask(replicaUrl, `create table told.lsn as select null::pg_lsn as lsn`)
  await ask(
    replicaUrl,
    `create function told.pg_is_in_recovery() returns boolean language sql as
    'select lsn is not null from told.lsn'`,
  )
  await ask(
    replicaUrl,
    `create function told.pg_last_wal_replay_lsn() returns pg_lsn language sql as
    'select lsn from told.lsn'`,
  )
  await ask(replicaUrl, 'alter database replica set search_path = told, pg_catalog, public')
})
afterEach(async () => {
  await ask(replicaUrl, 'update told.lsn set lsn = null')
  await Promise.all(shops.splice(0).map((shop) => shop.close()))
})
afterAll(() => postgres?.remove())

async function start(settings: Settings = {}): Promise<TestShop> {
  const defaults = { SHOP_REPLICA_URLS: replicaUrl, SHOP_REPLICA_CHECK_MS: '250', POOL_SIZE: '4' }
  const shop = await startTestShop(postgres.url, { ...defaults, ...settings })
  shops.push(shop)
  return shop
}

const nameOf = async (shop: TestShop) => (await shop.json('/products/3')).body.name
const fromReplica = async (shop: TestShop) => (await nameOf(shop)) === 'from the replica'
const usable = (shop: TestShop, name = 'replica-1') => shop.metric(`shop_replica_usable{replica="${name}"}`)

test('catalogue pages come from the replica; writes go to the primary, and so do reads of them for a while', async () => {
  const shop = await start({ SHOP_OWN_WRITES_MS: '60000' })
  await until(() => fromReplica(shop))
  expect((await shop.json('/')).body.products[0].name).toBe('from the replica')
  const { status, headers, body } = await shop.checkout(
    { email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] },
    'replica',
  )
  expect(status).toBe(201)
  const wrote = headers.getSetCookie().find((cookie) => cookie.startsWith('wrote='))!
  expect(wrote).toMatch(/^wrote=[0-9a-z]+; Max-Age=60; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/)
  const cookie = wrote.split(';')[0]!
  const orders = (init: RequestInit) => shop.json(`/orders/${body.id}`, init)
  expect((await orders({ headers: { cookie } })).status).toBe(200)
  // Others, who know nothing of the write, are shown what the replica has.
  expect((await orders({})).status).toBe(404)
  expect((await orders({ headers: { cookie: 'wrote=1' } })).status).toBe(404)
  expect((await shop.json('/products/3', { headers: { cookie } })).body.name).toBe('from the replica')
  expect(await shop.metric('shop_reads_total{target="replica-1"}')).toBeGreaterThan(3)
  expect(await shop.metric('shop_reads_total{target="primary"}')).toBeGreaterThan(0)
})

test('a replica that is behind is left out, and taken back when it has caught up', async () => {
  const shop = await start({ SHOP_REPLICA_LAG_MS: '200' })
  await until(() => fromReplica(shop))
  await ask(replicaUrl, 'update told.lsn set lsn = pg_current_wal_lsn()')
  await until(async () => !(await fromReplica(shop)))
  expect(await usable(shop)).toBe(0)
  await ask(replicaUrl, `update told.lsn set lsn = 'FF/0'`)
  await until(() => fromReplica(shop))
})

test('a replica that is down costs no request; with none left everything comes from the primary', async () => {
  const nowhere = `postgres://postgres@127.0.0.1:${await freePort()}/nowhere`
  const shop = await start({ SHOP_REPLICA_URLS: `${nowhere},${replicaUrl}` })
  await until(() => fromReplica(shop))
  for (let time = 0; time < 10; time++) expect(await fromReplica(shop)).toBe(true)
  expect([await usable(shop), await usable(shop, 'replica-2')]).toEqual([0, 1])
  const none = await start({ SHOP_REPLICA_URLS: nowhere })
  for (let time = 0; time < 10; time++) expect((await none.json('/')).status).toBe(200)
  expect(await none.metric('shop_reads_total{target="primary"}')).toBe(10)
})

test('a read that a dying replica breaks off is done on the primary; the replica comes back by itself', async () => {
  const shop = await start({ SHOP_REPLICA_CHECK_MS: '200' })
  await until(() => fromReplica(shop))
  await ask(postgres.url, 'alter database replica allow_connections false')
  await ask(postgres.url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'replica'`)
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.json('/products/3')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  await until(async () => (await usable(shop)) === 0)
  await ask(postgres.url, 'alter database replica allow_connections true')
  await until(() => fromReplica(shop))
})

test('two replicas are read in turn', async () => {
  const shop = await start({ SHOP_REPLICA_URLS: `${replicaUrl},${replicaUrl}` })
  await until(async () => (await usable(shop)) === 1 && (await usable(shop, 'replica-2')) === 1)
  const reads = (name: string) => shop.metric(`shop_reads_total{target="${name}"}`).catch(() => 0)
  const before = [await reads('replica-1'), await reads('replica-2')] as const
  for (let time = 0; time < 10; time++) await shop.json('/')
  expect([(await reads('replica-1')) - before[0], (await reads('replica-2')) - before[1]]).toEqual([5, 5])
})

test('a replica that went away is told of once', async () => {
  const said: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) })
  const settings = { SHOP_REPLICA_URLS: replicaUrl, SHOP_REPLICA_CHECK_MS: '20' }
  const shop = await startTestShop(postgres.url, settings, log)
  shops.push(shop)
  await until(() => fromReplica(shop))
  await ask(postgres.url, 'alter database replica allow_connections false')
  await ask(postgres.url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'replica'`)
  await until(async () => (await usable(shop)) === 0)
  await new Promise((resolve) => setTimeout(resolve, 700))
  await ask(postgres.url, 'alter database replica allow_connections true')
  expect(said.filter((line) => line.includes('replica'))).toHaveLength(1)
})
