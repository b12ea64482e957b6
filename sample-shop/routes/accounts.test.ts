import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Person, startPerson } from '../testing/person.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import {
  ask,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from '../testing/test-shop.ts'

let postgres: TestPostgres
let shop: TestShop

beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url)
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

const password = 'correct horse'
let people = 0

/** Somebody new who has just registered. */
async function startMember(name = 'Ada', url = shop.url): Promise<{ person: Person; email: string }> {
  const person = startPerson(url)
  const email = `member${people++}@example.com`
  const answer = await person.submit(await person.get('/register'), '/register', { name, email, password })
  expect(answer.status, answer.text).toBe(303)
  return { person, email }
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  shop.json(path, { method: 'POST', body: JSON.stringify(body), headers })

/** A shop of other settings over the same data, for as long as the test needs it. */
async function withShop(settings: Settings, work: (shop: TestShop) => Promise<void>): Promise<void> {
  const other = await startTestShop(postgres.url, settings)
  try {
    await work(other)
  } finally {
    await other.close()
  }
}

test('register, sign out, sign in: the cookie is for us alone, and the database knows neither token nor password', async () => {
  const { person, email } = await startMember()
  const token = person.cookies.get('session')!
  expect(token).toMatch(/^[\w-]{22}$/)
  const account = await person.get('/account')
  expect(account.text).toContain(email)
  expect(account.headers.get('cache-control')).toBe('no-store')
  const [stored] = await ask(postgres.url, 'select password from accounts where email = $1', [email])
  expect(stored?.['password']).toMatch(/^scrypt\$6\$[\w-]{22}\$[\w-]{43}$/)
  const [known] = await ask(
    postgres.url,
    `select count(*)::int as n from sessions where token_hash = sha256($1::bytea) and token_hash <> $1::bytea`,
    [Buffer.from(token)],
  )
  expect(known?.['n']).toBe(1)

  const out = await person.submit(account, '/sign-out')
  expect(out.status).toBe(303)
  expect(person.cookies.has('session')).toBe(false)
  person.cookies.set('session', token)
  expect((await person.get('/account')).location).toBe('/sign-in?next=/account')
  person.cookies.delete('session')

  const back = await person.submit(await person.get('/sign-in?next=/account/orders'), '/sign-in', {
    email: email.toUpperCase(),
    password,
  })
  expect(back.status).toBe(303)
  expect(back.location).toBe('/account/orders')
  expect(back.setCookie).toMatch(
    /^session=[\w-]{22}; Max-Age=1209600; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  )
})

test('signing in makes a new session and ends the old one', async () => {
  const { person, email } = await startMember()
  const before = person.cookies.get('session')!
  await person.submit(await person.get('/sign-in'), '/sign-in', { email, password })
  const after = person.cookies.get('session')!
  expect(after).not.toBe(before)
  const status = async (session: string) =>
    (await shop.json('/account', { headers: { cookie: `session=${session}` } })).status
  expect(await status(before)).toBe(401)
  expect(await status(after)).toBe(200)
})

test('behind TLS the cookies are for TLS only', async () => {
  const person = startPerson(shop.url)
  const page = await person.get('/register')
  const token = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!
  const fields = { name: 'Eve', email: 'tls@example.com', password, csrf: token }
  const { setCookie } = await person.post('/register', fields, { 'x-forwarded-proto': 'https' })
  expect(setCookie).toMatch(/; HttpOnly; Secure; SameSite=Lax$/)
})

test('programs register and sign in with JSON', async () => {
  const email = 'program@example.com'
  const registered = await post('/register', { name: 'Program', email, password })
  expect(registered.status).toBe(201)
  expect(registered.body).toEqual({ name: 'Program', email })
  const signedIn = await post('/sign-in', { email, password })
  expect(signedIn.status).toBe(200)
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!
  expect((await shop.json('/account', { headers: { cookie } })).body).toMatchObject({
    name: 'Program',
    email,
  })
  expect((await shop.json('/account/orders', { headers: { cookie } })).body).toMatchObject({
    orders: [],
    size: 0,
  })
  expect((await post('/sign-out', {}, { cookie })).body).toEqual({ signedIn: false })
  expect((await shop.json('/account', { headers: { cookie } })).body.error.code).toBe('sign-in-required')
})

test('an unknown email and a wrong password are told alike', async () => {
  const { email } = await startMember()
  const wrong = await post('/sign-in', { email, password: 'incorrect horse' })
  const unknown = await post('/sign-in', { email: 'nobody@example.com', password: 'incorrect horse' })
  expect(wrong.status).toBe(401)
  expect(wrong.body.error.code).toBe('wrong-credentials')
  expect({ ...unknown.body }).toEqual(wrong.body)
  expect(unknown.status).toBe(401)
})

test('an email is one account, however it is written', async () => {
  const { person, email } = await startMember()
  const again = await post('/register', { name: 'Eve', email: email.toUpperCase(), password })
  expect(again.status).toBe(409)
  expect(again.body.error).toMatchObject({ code: 'email-taken', fields: { email: expect.any(String) } })
  person.cookies.clear()
  const page = await person.submit(await person.get('/register'), '/register', {
    name: 'Eve',
    email,
    password,
  })
  expect(page.status).toBe(409)
  expect(page.text).toContain('id="email-error"')
  expect(page.text).toContain(`value="${email}"`)
  expect(page.text).not.toContain(password)
})

test('ten who register one email at once: one does', async () => {
  const body = { name: 'Twin', email: 'twins@example.com', password }
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('/register', body)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(409)])
})

test('attempts to sign in are limited per email, also when they come at once, and success forgets them', async () => {
  const { email } = await startMember()
  await withShop({ SHOP_SIGN_IN_ATTEMPTS: '3' }, async (strict) => {
    const signIn = (words: string, who = email) =>
      strict.json('/sign-in', { method: 'POST', body: JSON.stringify({ email: who, password: words }) })
    await signIn('incorrect horse')
    expect((await signIn(password)).status).toBe(200)
    const guesses = await Promise.all(Array.from({ length: 8 }, () => signIn('incorrect horse')))
    const statuses = guesses.map(({ status }) => status).toSorted()
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429, 429, 429])
    const refused = await signIn(password)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(200)
    expect((await signIn('incorrect horse', 'another@example.com')).status).toBe(401)
  })
  await withShop({ SHOP_SIGN_IN_ATTEMPTS: '3', SHOP_SIGN_IN_WINDOW_MS: '100' }, async (forgiving) => {
    await until(async () => {
      const body = JSON.stringify({ email, password })
      return (await forgiving.json('/sign-in', { method: 'POST', body })).status === 200
    })
  })
})

test('a session ends by itself, and what is expired is cleared away by those who sign in later', async () => {
  await withShop({ SHOP_SESSION_MS: '200' }, async (brief) => {
    const { person, email } = await startMember('Ada', brief.url)
    await until(async () => (await person.get('/account')).status === 303)
    await post('/sign-in', { email, password })
    const [left] = await ask(postgres.url, 'select count(*)::int as n from sessions where expires_at < now()')
    expect(left?.['n']).toBe(0)
  })
})

test('orders placed while signed in are the account’s; its owner sees them whole, strangers do not', async () => {
  const { person, email } = await startMember('Ida')
  await person.submit(await person.get('/products/12'), '/cart/items', { quantity: '2' })
  const checkout = await person.get('/checkout')
  expect(checkout.text).toContain(`value="${email}"`)
  const delivery = {
    email,
    name: 'Ida Lind',
    street: 'Storgatan 1',
    postcode: '111 22',
    city: 'Stockholm',
    country: 'SE',
    card: '424242424242',
  }
  const paid = await person.submit(checkout, '/checkout', delivery)
  expect(paid.status, paid.text).toBe(303)
  const mine = await person.get(paid.location)
  for (const word of [email, 'Storgatan 1', '111 22 Stockholm', 'Sweden']) expect(mine.text).toContain(word)
  const history = await person.get('/account/orders')
  expect(history.text).toContain(`href="${paid.location}"`)

  const { person: other } = await startMember('Eve')
  for (const stranger of [startPerson(shop.url), other]) {
    const { text, status } = await stranger.get(paid.location)
    expect(status).toBe(200)
    expect(text).toContain('m…@example.com')
    for (const word of [email, 'Storgatan', 'Stockholm']) expect(text).not.toContain(word)
  }
  expect((await other.get('/account/orders')).text).not.toContain(paid.location)
  const asJson = (await shop.json(paid.location)).body
  expect(asJson).not.toHaveProperty('address')
})

test('the history is paged, latest first', async () => {
  await withShop({ SHOP_ORDERS_PAGE: '2' }, async (paged) => {
    const { person } = await startMember()
    const cookie = `session=${person.cookies.get('session')}`
    const ids: number[] = []
    for (const key of ['h1', 'h2', 'h3']) {
      const body = JSON.stringify({ email: 'x@example.com', items: [{ product: 40, quantity: 2 }] })
      const headers = { cookie, 'idempotency-key': key }
      ids.push((await paged.json('/checkout', { method: 'POST', body, headers })).body.id)
    }
    const page = async (n: number) => paged.json(`/account/orders?page=${n}`, { headers: { cookie } })
    const first = (await page(1)).body
    expect(first).toMatchObject({ size: 3, page: 1, pages: 2 })
    expect(first.orders.map(({ id }: { id: number }) => id)).toEqual([ids[2], ids[1]])
    expect(first.orders[0].pieces).toBe(2)
    expect((await page(2)).body.orders.map(({ id }: { id: number }) => id)).toEqual([ids[0]])
    expect((await page(3)).status).toBe(404)
    expect((await page(0)).status).toBe(400)
  })
})

describe('forms of others', () => {
  const item = { product: '1', quantity: '1' }

  test.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'file://'])(
    'from %s are refused, whatever they carry',
    async (origin) => {
      const { person } = await startMember()
      const token = /name="csrf" value="([^"]+)"/.exec((await person.get('/account')).text)![1]!
      const answer = await person.post('/cart/items', { ...item, csrf: token }, { origin })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('another site')
      expect((await startPerson(shop.url).post('/cart/items', item, { origin })).status).toBe(403)
    },
  )

  test('from our own pages are taken, behind a balancer that renames the host too', async () => {
    const { person } = await startMember()
    const csrf = /name="csrf" value="([^"]+)"/.exec((await person.get('/account')).text)![1]!
    for (const headers of [
      { origin: shop.url },
      { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' },
    ]) {
      expect((await person.post('/cart/items', { ...item, csrf }, headers)).status).toBe(303)
    }
  })

  test('without our token, or with somebody else’s, are refused as soon as there is something to misuse', async () => {
    const { person } = await startMember()
    const { person: other } = await startMember()
    const foreign = /name="csrf" value="([^"]+)"/.exec((await other.get('/account')).text)![1]!
    for (const csrf of [
      {},
      { csrf: '' },
      { csrf: foreign },
      { csrf: 'x'.repeat(43) },
      { csrf: 'ä'.repeat(43) },
    ]) {
      for (const path of [
        '/cart/items',
        '/checkout',
        '/sign-out',
        '/sign-in',
        '/register',
        '/products/1/reviews',
      ]) {
        const answer = await person.post(path, { ...item, ...csrf })
        expect(answer.status, path).toBe(403)
      }
    }
    expect((await person.get('/account')).status).toBe(200)
    for (const path of ['/sign-in', '/register']) {
      expect((await startPerson(shop.url).post(path, { email: 'a@b.eu', name: 'A', password })).status).toBe(
        403,
      )
    }
  })

  test('a page opened before signing in still works after it', async () => {
    const person = startPerson(shop.url)
    await person.post('/cart/items', item)
    const old = await person.get('/products/2')
    const page = await person.get('/register')
    await person.submit(page, '/register', { name: 'A', email: 'tabs@example.com', password })
    expect((await person.submit(old, '/cart/items', { quantity: '1' })).status).toBe(303)
  })

  test('another secret makes other tokens; without one, instances of one database agree', async () => {
    const person = startPerson(shop.url)
    const page = await person.get('/register')
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!
    const status = async (settings: Settings) => {
      let answer = 0
      await withShop(settings, async (other) => {
        const there = startPerson(other.url)
        for (const [name, value] of person.cookies) there.cookies.set(name, value)
        answer = (await there.post('/cart/items', { ...item, csrf })).status
      })
      return answer
    }
    expect(await status({})).toBe(303)
    expect(await status({ SHOP_SECRET: 'sixteen letters!' })).toBe(403)
  })
})

test.each([
  "' or 1=1 --",
  'x'.repeat(22),
  '%00',
  '../../../etc',
  'AAAAAAAAAAAAAAAAAAAAAA; session=BBBBBBBBBBBBBBBBBBBBBB',
])('a forged session (%s) is nobody’s, everywhere', async (session) => {
  const headers = { cookie: `session=${session}` }
  expect((await shop.json('/account', { headers })).status).toBe(401)
  expect((await shop.json('/account/orders', { headers })).status).toBe(401)
  expect((await shop.json('/orders/3', { headers })).body).not.toHaveProperty('address')
  expect((await shop.json('/products/1/reviews', { headers })).body.author).toBeNull()
  expect((await shop.json('/checkout', { headers })).status).toBe(200)
  const body = JSON.stringify({ email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] })
  const order = await shop.json('/checkout', {
    method: 'POST',
    body,
    headers: { ...headers, 'idempotency-key': crypto.randomUUID() },
  })
  expect(order.status).toBe(201)
  expect(
    await ask(postgres.url, 'select 1 from account_orders where order_id = $1', [order.body.id]),
  ).toEqual([])
})

test.each([
  ['//evil.example', '/account'],
  ['https://evil.example', '/account'],
  ['/\\evil.example', '/account'],
  ['/a"><script>', '/account'],
  ['/checkout', '/checkout'],
])('after signing in nobody is led to %s', async (next, to) => {
  const person = startPerson(shop.url)
  const page = await person.get(`/register?next=${encodeURIComponent(next)}`)
  const email = `next${people++}@example.com`
  expect((await person.submit(page, '/register', { name: 'A', email, password })).location).toBe(to)
})

const json = (value: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(value) })
const good = { name: 'Ada', email: 'new@example.com', password }
const BAD: readonly [string, string, RequestInit, number][] = [
  ['malformed JSON', '/register', { method: 'POST', body: '{"email":' }, 400],
  ['no body', '/register', { method: 'POST' }, 400],
  ['a list', '/register', json([1, 2]), 400],
  ['null for a field', '/register', json({ ...good, email: null }), 400],
  ['an object for a field', '/sign-in', json({ email: { $ne: 1 }, password: { $ne: 1 } }), 400],
  ['a short password', '/register', json({ ...good, password: 'short' }), 400],
  ['a password of a megabyte', '/register', json({ ...good, password: 'x'.repeat(1_000_000) }), 413],
  ['a password longer than any', '/register', json({ ...good, password: 'x'.repeat(201) }), 400],
  ['a NUL in the name', '/register', json({ ...good, name: 'A\0da' }), 400],
  ['a line break in the email', '/register', json({ ...good, email: 'a@b.eu\nbcc: c@d.eu' }), 400],
  ['SQL for an email', '/sign-in', json({ email: "' or 1=1 --", password }), 400],
  ['SQL for a password', '/sign-in', json({ email: 'a@b.eu', password: "' or 1=1 --" }), 401],
  ['a NUL in a password', '/sign-in', json({ email: 'a@b.eu', password: '\0' }), 401],
  ['half a surrogate in a password', '/sign-in', json({ email: 'b@b.eu', password: '\ud800' }), 401],
  ['no session', '/account', {}, 401],
  ['no session, orders', '/account/orders', {}, 401],
  ['a page that is none', '/account/orders?page=x', {}, 400],
]

test.each(BAD)('%s: %s is refused in one shape', async (_what, path, init, status) => {
  const answer = await shop.json(path, init)
  expect(answer.status).toBe(status)
  expect(answer.body.error).toMatchObject({ code: expect.any(String), message: expect.any(String) })
  expect(JSON.stringify(answer.body)).not.toMatch(/select|syntax error|node_modules|scrypt/i)
})

test('a name in markup is only a name', async () => {
  const { person } = await startMember('<script>alert(1)</script>')
  const account = (await person.get('/account')).text
  expect(account).toContain('Hello, &lt;script>')
  expect(account).not.toContain('<script>')
})

test('what was wrong in a form stands beside its field, and nobody is hashed for it', async () => {
  const person = startPerson(shop.url)
  const page = await person.submit(await person.get('/register'), '/register', {
    name: '',
    email: 'ada',
    password: 'secret7',
  })
  expect(page.status).toBe(400)
  expect(page.text).toContain('<span class="wrong" id="name-error">Please enter your name.</span>')
  expect(page.text).toContain('<span class="wrong" id="email-error">')
  expect(page.text).toContain('aria-describedby="password-hint password-error" aria-invalid="true"')
  expect(page.text).toContain('value="ada"')
  expect(page.text).not.toContain('secret7')
})

test('after all of this no connection is lost', async () => {
  await until(async () => (await shop.metric('shop_pool_idle')) === 10)
})
