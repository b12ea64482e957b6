import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Person, startPerson } from '../testing/person.ts'
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

const program = findRedis()
const password = 'correct horse'

describe.skipIf(program === null)('sessions in Redis', () => {
  let postgres: TestPostgres
  let redis: TestRedis
  let shop: TestShop
  const said: string[] = []

  /** A shop whose client has found Redis: its first connection is made beside the shop's start. */
  async function start(settings: Settings = {}): Promise<TestShop> {
    const log = pino({ level: 'info' }, { write: (line: string) => void said.push(line) })
    const sessions = {
      SHOP_SESSIONS: 'redis',
      REDIS_URL: redis.url,
      SHOP_CACHE_PAUSE_MS: '50',
      // A busy machine is no Redis that hangs.
      SHOP_CACHE_TIMEOUT_MS: '2000',
    }
    const started = await startTestShop(postgres.url, { ...sessions, ...settings }, log)
    await until(async () => (await visit(started.url, 'no such session')).status === 303)
    return started
  }

  beforeAll(async () => {
    postgres = await startTestPostgres()
    await seedTestShop(postgres.url)
    redis = await startTestRedis(program!)
    shop = await start()
  })
  afterAll(async () => {
    await shop?.close()
    await redis?.remove()
    await postgres?.remove()
  })

  const visit = (url: string, token: string) =>
    fetch(`${url}/account`, { headers: { cookie: `session=${token}` }, redirect: 'manual' })

  async function register(person: Person, email: string) {
    return person.submit(await person.get('/register'), '/register', { name: 'Ada', email, password })
  }

  async function keys(): Promise<readonly string[]> {
    const client = new Redis(redis.url)
    try {
      return await client.keys('*')
    } finally {
      client.disconnect()
    }
  }

  test('every instance knows who signed in; Redis the hash of the token alone, Postgres no session', async () => {
    const person = startPerson(shop.url)
    expect((await register(person, 'ada@example.com')).status).toBe(303)
    const token = person.cookies.get('session')!
    const hash = createHash('sha256').update(token).digest('base64url')
    const kept = await keys()
    expect(kept.filter((key) => key.endsWith(`:session:${hash}`))).toHaveLength(1)
    expect(kept.join()).not.toContain(token)
    expect(await ask(postgres.url, 'select * from sessions')).toEqual([])

    const other = await start()
    expect(await (await visit(other.url, token)).text()).toContain('ada@example.com')
    await other.close()
  })

  test('signing out and signing in anew end a session', async () => {
    const person = startPerson(shop.url)
    await register(person, 'bob@example.com')
    const first = person.cookies.get('session')!
    const credentials = { email: 'bob@example.com', password }
    await person.submit(await person.get('/sign-in'), '/sign-in', credentials)
    const second = person.cookies.get('session')!
    expect((await visit(shop.url, first)).status).toBe(303)
    expect((await visit(shop.url, second)).status).toBe(200)
    await person.submit(await person.get('/account'), '/sign-out')
    expect((await visit(shop.url, second)).status).toBe(303)
  })

  test('a session ends by itself, and nothing is left of it', async () => {
    const brief = await start({ SHOP_SESSION_MS: '300' })
    const before = await keys()
    const person = startPerson(brief.url)
    await register(person, 'eve@example.com')
    await until(async () => (await person.get('/account')).status === 303)
    expect((await keys()).toSorted()).toEqual(before.toSorted())
    await brief.close()
  })

  test.each([
    ['is gone', () => redis.kill(), () => redis.start()],
    ['hangs', async () => redis.freeze(), async () => redis.thaw()],
  ] as const)(
    'while Redis %s: who is signed in is asked to wait, all others shop; then it is as before',
    async (what, leave, comeBack) => {
      const person = startPerson(shop.url)
      const email = `${what.replace(' ', '-')}@example.com`
      await register(person, email)
      const stranger = startPerson(shop.url)
      const door = await stranger.get('/register')
      await until(async () => (await person.get('/account')).status === 200)
      said.length = 0
      await leave()

      const away = await person.get('/account')
      expect(away.status).toBe(503)
      expect(away.text).toContain('Please try again in a moment')
      const cookie = `session=${person.cookies.get('session')}`
      const { status, body } = await shop.json('/account', { headers: { cookie } })
      expect([status, body.error.code]).toEqual([503, 'sessions-unavailable'])
      expect((await person.get('/products/1')).status).toBe(200)
      expect((await stranger.get('/cart')).status).toBe(200)
      const late = { name: 'Late', email: `late-${email}`, password }
      expect((await stranger.submit(door, '/register', late)).status).toBe(503)
      // As nobody told them that they are registered, they are not.
      expect(await ask(postgres.url, 'select 1 from accounts where email = $1', [late.email])).toEqual([])
      const awaySaid = () => said.filter((line) => line.includes('sessions are away'))
      // Said when the first attempt to connect again failed, which may be after all of this.
      await until(async () => awaySaid().length > 0)

      await comeBack()
      await until(async () => (await person.get('/account')).status !== 503)
      await until(async () => (await stranger.submit(door, '/register', late)).status === 303)
      expect(said.filter((line) => line.includes('sessions are back'))).toHaveLength(1)
      expect(awaySaid()).toHaveLength(1)
    },
  )
})
