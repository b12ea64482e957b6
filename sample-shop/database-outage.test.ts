import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop, until } from './testing/test-shop.ts'

const POOL = 5
/** What the shop promises, counted from the first connection that Postgres accepts. */
const RECOVERS_WITHIN_MS = 2000

let postgres: TestPostgres
let shop: TestShop
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url, {
    POOL_SIZE: `${POOL}`,
    SHOP_PAYMENT_MS: '30',
    SHOP_POOL_TIMEOUT_MS: '60000',
  })
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

/** Eight shoppers who click and buy without a pause, until told to stop. Everything they were answered. */
function crowd() {
  let open = true
  const answers: { status: number; code: string | undefined; path: string; atMs: number }[] = []
  const confirmed: number[] = []
  const shoppers = Array.from({ length: 8 }, async (_, shopper) => {
    for (let click = 0; open; click++) {
      const path = ['/', '/products/1', '/best-sellers', '/checkout'][click % 4]!
      const { status, body } =
        path === '/checkout'
          ? await shop.checkout(
              { email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] },
              `${shopper} ${click}`,
            )
          : await shop.json(path)
      answers.push({ status, code: body.error?.code, path, atMs: performance.now() })
      if (status === 201) confirmed.push(body.id)
    }
  })
  return {
    answers,
    confirmed,
    async stop() {
      open = false
      await Promise.all(shoppers)
    },
  }
}

test('the database dies under load and comes back: 503s until two seconds after, nothing leaks, no confirmed order is lost', async () => {
  const { answers, confirmed, stop } = crowd()
  await until(async () => confirmed.length > 10)
  await postgres.kill('SIGKILL')
  const killedAt = answers.length
  await until(async () => answers.length > killedAt + 100)
  // The kernel may not have taken the old one's memory away yet. Resolves with the first connection Postgres accepts.
  for (let started = false; !started; ) {
    started = await postgres.start().then(
      () => true,
      () => false,
    )
  }
  const readyAtMs = performance.now()
  const before = answers.length
  const paths = new Set(answers.map(({ path }) => path))
  await until(async () => {
    const served = answers.slice(before).filter(({ status }) => status < 300)
    return served.length > 20 && new Set(served.map(({ path }) => path)).size === paths.size
  })
  await until(async () => performance.now() > readyAtMs + RECOVERS_WITHIN_MS)
  await stop()
  // Whole again, not only once: whoever clicked then was served, a checkout, too.
  const lastFailure = answers.findLast(({ status }) => status >= 300)!
  expect(lastFailure.atMs - readyAtMs).toBeLessThan(RECOVERS_WITHIN_MS)
  for (const path of paths) {
    const served = answers.slice(before).find((answer) => answer.path === path && answer.status < 300)!
    expect(served.atMs - readyAtMs, path).toBeLessThan(RECOVERS_WITHIN_MS)
  }

  const outcomes = new Set(answers.map(({ status, code }) => `${status} ${code ?? ''}`.trim()))
  expect(
    [...outcomes].filter((outcome) => !['200', '201', '503 database-unavailable'].includes(outcome)),
  ).toEqual([])
  expect(outcomes).toContain('503 database-unavailable')
  await until(async () => (await shop.metric('shop_pool_total')) === POOL)
  expect(await shop.metric('shop_pool_idle')).toBe(POOL)
  expect(await shop.metric('shop_pool_waiting')).toBe(0)
  const [sessions] = await ask(
    postgres.url,
    `select count(*)::int as n, count(*) filter (where state <> 'idle')::int as busy
       from pg_stat_activity where application_name like 'shop %'`,
  )
  expect(sessions).toEqual({ n: POOL, busy: 0 })
  const [orders] = await ask(postgres.url, 'select count(*)::int as n from orders where id = any($1)', [
    confirmed,
  ])
  expect(orders?.['n']).toBe(confirmed.length)
})
