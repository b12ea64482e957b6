import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { type Settings, seedTestShop, startTestShop } from '../testing/test-shop.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
})
afterAll(() => postgres?.remove())

const TRACE = '0af7651916cd43dd8448eb211c80319c'

/** What the shop logs of these requests. */
async function logged(
  settings: Settings,
  requests: readonly [path: string, headers?: Record<string, string>][],
) {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const shop = await startTestShop(postgres.url, settings, log)
  const answers: Headers[] = []
  for (const [path, headers] of requests)
    answers.push((await shop.json(path, { headers: headers ?? {} })).headers)
  await shop.close()
  return { lines: lines.filter(({ msg }) => msg === 'request'), answers }
}

test('all: one line a request, with its id, trace and times, and nothing a shopper typed', async () => {
  const { lines, answers } = await logged({ SHOP_LOG_REQUESTS: 'all' }, [
    ['/search?q=secret', { 'x-request-id': 'abc-1', traceparent: `00-${TRACE}-b7ad6b7169203331-01` }],
    ['/products/1', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    ['/nowhere', { 'x-request-id': 'not sane; at all', traceparent: 'nonsense' }],
    ['/healthz'],
  ])
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatchObject({
    request: 'abc-1',
    trace: TRACE,
    method: 'GET',
    path: '/search',
    route: 'GET /search',
    status: 200,
    totalMs: expect.any(Number),
    dbMs: expect.any(Number),
  })
  expect(JSON.stringify(lines)).not.toContain('secret')
  expect(answers[0]!.get('x-request-id')).toBe('abc-1')
  for (const index of [1, 2]) {
    expect(lines[index]).not.toHaveProperty('trace')
    expect(lines[index]!['request']).toMatch(/^[0-9a-f-]{36}$/)
    expect(answers[index]!.get('x-request-id')).toBe(lines[index]!['request'])
  }
})

test('by default only failures, and of those only so many a second', async () => {
  // Every checkout fails: the provider authorises nothing.
  const failing = {
    SHOP_PAYMENT_FAILURE_RATIO: '1',
    SHOP_PAYMENT_ATTEMPTS: '1',
    SHOP_LOG_ERRORS_PER_SEC: '2',
  }
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const shop = await startTestShop(postgres.url, failing, log)
  const checkouts = (count: number, name: string) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        shop.checkout({ email: 'a@b.eu', items: [{ product: 2, quantity: 1 }] }, `${name} ${index}`),
      ),
    )
  await shop.json('/')
  const answers = await checkouts(20, 'first')
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]))
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await checkouts(1, 'later')
  await shop.close()
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests.every(({ status }) => status === 502)).toBe(true)
  const unsaid = requests.reduce((sum, { failuresNotLogged }) => sum + Number(failuresNotLogged ?? 0), 0)
  expect(requests.length + unsaid).toBe(21)
  expect(requests.length).toBeLessThan(15)
})

test('none: not even failures', async () => {
  // Only the first is let in; what the others get is a 503.
  const settings = { SHOP_LOG_REQUESTS: 'none', SHOP_WAITING_ROOM_ADMITS_PER_SEC: '1' }
  const { lines, answers } = await logged(settings, [['/'], ['/'], ['/']])
  expect(answers.at(-1)!.get('x-waiting-room')).not.toBeNull()
  expect(lines).toEqual([])
})
