import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort, startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import { ask, type Settings, until } from './testing/test-shop.ts'

let postgres: TestPostgres
let folder: string
const children: ChildProcess[] = []

beforeAll(async () => {
  postgres = await startTestPostgres()
  folder = await mkdtemp(join(tmpdir(), 'sample-shop-bundle-'))
  await build({
    entryPoints: ['server.ts', 'seed.ts'].map((file) => join(import.meta.dirname, file)),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
  })
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  await postgres?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** Runs one bundle as plain JavaScript, with nothing but the given environment. */
function start(bundle: string, env: Settings) {
  const child = spawn(process.execPath, [join(folder, bundle)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said.text += chunk
    })
  }
  return { child, said, ended: once(child, 'close') }
}

const SMALL = { SHOP_PRODUCTS: '500', SHOP_REVIEWS: '1000', SHOP_PAST_ORDERS: '500' }

async function startServer(settings: Settings = {}) {
  const port = String(await freePort())
  const server = start('server.cjs', { DATABASE_URL: postgres.url, PORT: port, ...settings })
  const url = `http://127.0.0.1:${port}`
  const status = (path: string) =>
    fetch(url + path).then(
      (response) => response.status,
      () => 0,
    )
  return { ...server, url, status }
}

const fingerprint = () =>
  ask(
    postgres.url,
    `select (select md5(string_agg(p::text, '' order by id)) from products p) as products,
            (select md5(string_agg(r::text, '' order by id)) from reviews r) as reviews,
            (select md5(string_agg(l::text, '' order by order_id, line_no)) from order_lines l) as lines,
            (select count(*)::int from categories) as categories,
            (select count(*)::int from orders) as orders`,
  )

test('the seed is the same for the same SHOP_SEED, can be run again, and differs for another', async () => {
  const seed = async (number: string) => {
    const run = start('seed.cjs', { DATABASE_URL: postgres.url, SHOP_SEED: number, ...SMALL })
    expect(await run.ended, run.said.text).toEqual([0, null])
    return (await fingerprint())[0]!
  }
  const first = await seed('1')
  expect(first).toMatchObject({ categories: 100, orders: 500 })
  expect(await seed('1')).toEqual(first)
  expect((await seed('2')).products).not.toBe(first.products)
})

test('the shop outlives its database and finds it again within two seconds', async () => {
  const shop = await startServer()
  await until(async () => (await shop.status('/readyz')) === 200)
  expect(await shop.status('/products/1')).toBe(200)

  await postgres.kill()
  await until(async () => (await shop.status('/products/1')) === 503)
  expect(await shop.status('/readyz')).toBe(503)
  expect(await shop.status('/healthz')).toBe(200)

  await postgres.start()
  const backAtMs = performance.now()
  await until(async () => /^shop_pool_total 10$/m.test(await (await fetch(`${shop.url}/metrics`)).text()))
  expect(performance.now() - backAtMs).toBeLessThan(2000)
  expect(await shop.status('/products/1')).toBe(200)
  expect(await shop.status('/readyz')).toBe(200)
  expect(shop.child.exitCode).toBeNull()
})

test('a connection that is cut off while idle is replaced without anybody asking', async () => {
  const shop = await startServer({ POOL_SIZE: '3', INSTANCE: 'cut' })
  await until(async () => (await shop.status('/readyz')) === 200)
  const backends = async () =>
    (await ask(postgres.url, `select pid from pg_stat_activity where application_name = 'shop cut'`)).map(
      ({ pid }) => pid,
    )
  const before = await backends()
  expect(before).toHaveLength(3)
  await ask(postgres.url, 'select pg_terminate_backend($1)', [before[0]])
  await until(async () => {
    const now = await backends()
    return now.length === 3 && !now.includes(before[0])
  })
})

test('SIGTERM lets a checkout under way finish, then the process ends with 0', async () => {
  const shop = await startServer({ SHOP_PAYMENT_MS: '600' })
  await until(async () => (await shop.status('/readyz')) === 200)
  const checkout = fetch(`${shop.url}/checkout`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': 'last' },
    body: JSON.stringify({ email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] }),
  })
  await until(async () => (await (await fetch(`${shop.url}/metrics`)).text()).includes('name="prices"'))
  shop.child.kill('SIGTERM')
  expect((await checkout).status).toBe(201)
  expect(await shop.ended).toEqual([0, null])
})

test('a configuration that is not valid, or a port in use, is said in plain words', async () => {
  const invalid = start('server.cjs', { PORT: 'x' })
  expect((await invalid.ended)[0]).toBe(1)
  expect(invalid.said.text).toMatch(/DATABASE_URL: expected .*\n.*PORT: expected/)
  const first = await startServer()
  await until(async () => (await first.status('/healthz')) === 200)
  const second = start('server.cjs', { DATABASE_URL: postgres.url, PORT: new URL(first.url).port })
  expect((await second.ended)[0]).toBe(1)
  expect(second.said.text).toContain('EADDRINUSE')
})
