import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import { seedTestShop, startTestShop, type TestShop } from './testing/test-shop.ts'

let postgres: TestPostgres
let shop: TestShop
/** A session: reviews are read only from somebody who is signed in. */
let session: string

beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
  shop = await startTestShop(postgres.url, { SHOP_ADMIN_PASSWORD: 'open sesame' })
  const member = { name: 'Ada', email: 'ada@example.com', password: 'correct horse' }
  const { headers } = await send('POST', '/register', {}, member)
  session = /session=[^;]+/.exec(String(headers['set-cookie']))![0]
})
afterAll(async () => {
  await shop?.close()
  await postgres?.remove()
})

type Headers = Readonly<Record<string, string>>

/** As it stands, byte for byte: `fetch` would mend some of it. */
async function send(method: string, path: string, headers: Headers = {}, body?: unknown) {
  const json = body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }
  const { hostname, port } = new URL(shop.url)
  const all = { accept: 'application/json', ...json, ...headers }
  const asked = request({ hostname, port, method, path, headers: all })
  asked.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) }
}

const JSON_BODY = { 'content-type': 'application/json' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const ADMIN = { authorization: `Basic ${Buffer.from('admin:open sesame').toString('base64')}` }
const KEY = { 'idempotency-key': 'a key' }

test.each([
  ['PUT', '/cart', 'GET, HEAD'],
  ['POST', '/products/1', 'GET, HEAD'],
  ['DELETE', '/checkout', 'GET, HEAD, POST'],
  ['GET', '/cart/items', 'POST'],
  ['HEAD', '/cart/items', 'POST'],
  ['GET', '/sign-out', 'POST'],
  ['PATCH', '/reservations/unknown', 'DELETE, GET, HEAD'],
  ['TRACE', '/', 'GET, HEAD'],
  ['POST', '/healthz', 'GET, HEAD'],
  ['PUT', '/admin', 'GET, HEAD'],
])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
  const answer = await send(method, path, ADMIN)
  expect([answer.status, answer.headers.allow]).toEqual([405, allow])
  if (method === 'HEAD') return
  expect(JSON.parse(answer.text)).toEqual({
    error: {
      code: 'method-not-allowed',
      message: `This address does not take ${method}. It takes ${allow}.`,
    },
  })
  const page = await send(method, path, { ...ADMIN, accept: 'text/html' })
  expect(page.headers['content-type']).toMatch('text/html')
  expect(page.text).toContain(`It takes ${allow}.`)
})

test('HEAD is a GET without its body; OPTIONS says what there is; what is nowhere is 404 by every method', async () => {
  for (const path of ['/', '/products/1', '/cart', '/healthz', '/metrics']) {
    const [head, get] = [await send('HEAD', path), await send('GET', path)]
    expect([head.status, head.text, head.headers['content-type']]).toEqual([
      200,
      '',
      get.headers['content-type'],
    ])
  }
  expect((await send('HEAD', '/products/987654')).status).toBe(404)
  for (const [path, allow] of [
    ['/', 'GET, HEAD'],
    ['/cart/items', 'POST'],
    ['/checkout', 'GET, HEAD, POST'],
  ] as const) {
    const { status, headers } = await send('OPTIONS', path)
    expect([status, headers.allow?.split(', ').toSorted().join(', ')]).toEqual([200, allow])
    expect(headers['access-control-allow-origin']).toBeUndefined()
  }
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PROPFIND']) {
    expect((await send(method, '/nowhere')).status, method).toBe(404)
  }
  expect((await send('OPTIONS', '*')).status).toBe(404)
})

test.each([
  ['XML', { 'content-type': 'text/xml' }, '<product>1</product>', 'a body of the type text/xml'],
  ['text', { 'content-type': 'text/plain' }, '{"product":1,"quantity":1}', 'a body of the type text/plain'],
  [
    'a form in parts',
    { 'content-type': 'multipart/form-data; boundary=x' },
    '--x--',
    'a body of the type multipart/form-data',
  ],
  ['another JSON', { 'content-type': 'application/vnd.api+json' }, '{}', 'application/vnd.api+json'],
  ['nobody knows what', {}, '{}', 'a body without Content-Type'],
])('a body of %s is 415, not taken for none', async (_what, type: Headers, body, says) => {
  const headers = { ...type, 'content-length': `${body.length}` }
  const answer = await send('POST', '/cart/items', headers, body)
  expect(answer.status).toBe(415)
  const { error } = JSON.parse(answer.text)
  expect(error.code).toBe('unsupported-type')
  expect(error.message).toContain('The shop reads JSON (application/json)')
  expect(error.message).toContain(says)
  const page = await send('POST', '/cart/items', { ...headers, accept: 'text/html' }, body)
  expect([page.status, page.headers['content-type']]).toEqual([415, 'text/html; charset=utf-8'])
  expect(page.text).toContain('The shop reads JSON (application/json)')
})

test.each([
  ['of no length', { 'content-length': '0' }],
  ['of no length, with a type', { 'content-length': '0', 'content-type': 'text/xml' }],
  ['in no chunks', { 'transfer-encoding': 'chunked' }],
])('a body %s needs no type', async (_what, headers: Headers) => {
  const answer = await send('POST', '/sign-out', headers)
  expect([answer.status, answer.text]).toEqual([200, '{"signedIn":false}'])
})

const ITEM = 'expected product and quantity, such as {"product":1,"quantity":2}'
const PRODUCT = 'product: expected the id of a product, a whole number from 1 to 2147483647'
const PIECES = 'expected the number of pieces, a whole number from 1 to 99'
const buy = { email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] }
test.each<[string, string, Headers, unknown, string | Readonly<Record<string, string>>]>([
  ['no body', '/cart/items', {}, undefined, `body: ${ITEM}, got nothing`],
  ['a list', '/cart/items', {}, [], `body: ${ITEM}, got a list`],
  ['no fields', '/cart/items', {}, {}, `${PRODUCT}, got nothing; quantity: ${PIECES}, got nothing`],
  ['a word', '/cart/items', {}, { product: 'x', quantity: 1 }, `${PRODUCT}, got "x"`],
  ['null', '/cart/items', {}, { product: null, quantity: 1 }, `${PRODUCT}, got null`],
  ['far too many', '/cart/items', {}, { product: 1, quantity: 1e300 }, `quantity: ${PIECES}, got 1e+300`],
  ['half a piece', '/cart/items', {}, { product: 1, quantity: 0.5 }, `quantity: ${PIECES}, got 0.5`],
  ['twice the field', '/cart/items', FORM, 'product=1&product=2&quantity=1', `${PRODUCT}, got a list`],
  [
    'a long word',
    '/cart/items',
    {},
    { product: 'x'.repeat(5000), quantity: 1 },
    `${PRODUCT}, got "${'x'.repeat(39)}…`,
  ],
  [
    'pieces below none',
    '/cart/items/1',
    {},
    { quantity: -1 },
    'quantity: expected the number of pieces, 0 for none, a whole number from 0 to 99, got -1',
  ],
  [
    'an email that is none',
    '/checkout',
    KEY,
    { ...buy, email: 'ada' },
    'email: expected an email such as ada@example.com, got "ada"',
  ],
  [
    'items that are none',
    '/checkout',
    KEY,
    { ...buy, items: {} },
    'items: expected a list of 1 to 20 items such as {"product":1,"quantity":2}, got an object',
  ],
  [
    'too many items',
    '/checkout',
    KEY,
    { ...buy, items: Array(21).fill(buy.items[0]) },
    'items: expected a list of 1 to 20 items such as {"product":1,"quantity":2}, got 21',
  ],
  [
    'an item without pieces',
    '/checkout',
    KEY,
    { ...buy, items: [{ product: 1 }] },
    `items.0.quantity: ${PIECES}, got nothing`,
  ],
  [
    'a reservation that is none',
    '/checkout',
    KEY,
    { email: 'a@b.eu', reservation: 'mine' },
    'reservation: expected the id that POST /reservations answered, got "mine"',
  ],
  [
    'items and a reservation',
    '/checkout',
    KEY,
    { ...buy, reservation: '00000000-0000-4000-8000-000000000000' },
    'body: expected items or a reservation, got both',
  ],
  [
    'no key',
    '/checkout',
    {},
    buy,
    'Idempotency-Key: expected 1 to 100 printable characters, new ones for each order, got nothing',
  ],
  ['a key that is none', '/checkout', {}, { ...buy, key: 7 }, 'key: expected a text, got 7'],
  [
    'an address that is none',
    '/checkout',
    KEY,
    { ...buy, address: 'x' },
    { address: 'Please send an object with name, street, postcode, city and country.' },
  ],
  ['a list', '/register', {}, [], 'body: expected an object with the form’s fields'],
  [
    'half a JSON',
    '/cart/items',
    JSON_BODY,
    '{"product":',
    'The body is not valid JSON: an object was expected',
  ],
  ['a JSON word', '/cart/items', JSON_BODY, '"x"', 'The body is not valid JSON: an object was expected'],
  [
    'no gzip',
    '/cart/items',
    { ...JSON_BODY, 'content-encoding': 'gzip' },
    '{}',
    'its body is not what its headers say',
  ],
])('%s, to %s: the answer says where, what is wrong and what would be right', async (...given) => {
  const [, path, headers, body, says] = given
  const answer = await send('POST', path, headers, body)
  expect(answer.status).toBe(400)
  const { error } = JSON.parse(answer.text)
  if (typeof says === 'string') expect(error.message).toContain(says)
  else expect(error.fields).toMatchObject(says)
  expect(answer.text).not.toMatch(/Invalid input|pattern|Too (big|small)|received/)
})

test.each([
  [413, { ...JSON_BODY }, `{"pad":"${'x'.repeat(20_000)}"}`, 'its body may have 16384 bytes'],
  [413, FORM, 'a=1&'.repeat(2000), 'more fields than any form'],
  [415, { 'content-type': 'application/json; charset=klingon' }, '{}', 'Send it in UTF-8'],
  [415, { ...JSON_BODY, 'content-encoding': 'klingon' }, '{}', 'Send it without Content-Encoding'],
])(
  'a body that cannot be read is %i with what to do instead',
  async (status, headers: Headers, body, says) => {
    const answer = await send('POST', '/cart/items', headers, body)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text).error.message).toContain(says)
  },
)

const NUL = '\u0000'
const HALF = '\ud800'
const address = {
  name: 'Ada',
  street: 'Rue du Four 3',
  postcode: '1010',
  city: 'Vienna',
  country: 'AT',
}
const delivered = (wrong: object) => ({ ...buy, address: { ...address, ...wrong } })
const member = { name: 'Eve', email: 'eve@example.com', password: 'correct horse' }
const UGLY: readonly [string, string, Headers, object][] = [NUL, HALF].flatMap(
  (ugly): [string, string, Headers, object][] => [
    ['product', '/cart/items', {}, { product: ugly, quantity: 1 }],
    ['pieces', '/cart/items/1', {}, { quantity: ugly }],
    ['email', '/checkout', KEY, { ...buy, email: `a${ugly}@b.eu` }],
    ['key', '/checkout', {}, { ...buy, key: `k${ugly}` }],
    ['reservation', '/checkout', KEY, { email: 'a@b.eu', reservation: ugly }],
    ...Object.keys(address).map((name): [string, string, Headers, object] => [
      name,
      '/checkout',
      KEY,
      delivered({ [name]: `x${ugly}` }),
    ]),
    ['card', '/checkout', KEY, { ...buy, card: `4242424242424242${ugly}` }],
    ['key', '/reservations', {}, { product: 1, quantity: 1, key: ugly }],
    ['name', '/register', {}, { ...member, name: `Eve${ugly}` }],
    ['email', '/register', {}, { ...member, email: `eve${ugly}@example.com` }],
    ['email', '/sign-in', {}, { ...member, email: `eve${ugly}@example.com` }],
    ['rating', '/products/1/reviews', {}, { rating: ugly, body: 'good' }],
    ['body', '/products/1/reviews', {}, { rating: 5, body: `go${ugly}od` }],
    ['product', '/admin/restock', ADMIN, { product: ugly, quantity: 1 }],
  ],
)

test.each(UGLY)('a NUL or half a character as %s, to %s, is 400', async (_what, path, headers, body) => {
  const answer = await send('POST', path, { ...headers, cookie: session }, body)
  expect(answer.status, answer.text).toBe(400)
})

test('a password may hold anything', async () => {
  const odd = { ...member, email: 'odd@example.com', password: `${NUL}${HALF} correct horse` }
  expect((await send('POST', '/register', {}, odd)).status).toBe(201)
  expect((await send('POST', '/sign-in', {}, odd)).status).toBe(200)
  expect((await send('POST', '/sign-in', {}, { ...odd, password: 'correct horse' })).status).toBe(401)
})

const HUGE = ['0', '-1', '2147483648', '9223372036854775807', '9223372036854775808', '9'.repeat(5000), '1e9']
const IDS = HUGE.flatMap((id) =>
  ['/products/', '/categories/', '/orders/', '/reservations/'].map((path) => path + id),
)
test.each<[string, number]>([
  ...IDS.map((path): [string, number] => [path, 404]),
  ...HUGE.map((page): [string, number] => [`/categories/1?page=${page}`, 400]),
  ...HUGE.map((page): [string, number] => [`/products/1/reviews?page=${page}`, 400]),
  ['/products/999999999', 404],
  ['/categories/1?page=999999999', 404],
  ['/products/1/reviews?page=999999999', 404],
  ['/account/orders?page=999999999', 404],
  ['/products/%00', 404],
  ['/products/%ff', 400],
  ['/products/%E0%A4%A', 400],
  ['/orders/%ff', 400],
  ['/reservations/%ff', 400],
  [`/search?q=${'x'.repeat(10_000)}`, 400],
  ['/search?q=a%00b', 400],
  ['/search?q=%ff', 400],
  ['/search?q=%E0%A4%A', 400],
  ['/search?q[]=a', 400],
  [`/nowhere${'x'.repeat(10_000)}`, 404],
  ['/%ff', 404],
  ['/checkout?key=%00', 200],
  ['/sign-in?next=%00', 200],
  ['/cart', 200],
])('GET %s is no failure of the shop: %i', async (path, status) => {
  // Cookies that are none, beside one that is.
  const cookie = `cart=%00; cart=${'9'.repeat(2000)}; wrote=%ff; ${session}`
  expect((await send('GET', path, { cookie })).status).toBe(status)
})

test.each([
  ['/cart/items', { product: 2_147_483_647, quantity: 99 }, 404],
  ['/cart/items', { product: 2_147_483_648, quantity: 1 }, 400],
  ['/cart/items', { product: -1, quantity: 1 }, 400],
  ['/cart/items/9223372036854775808', { quantity: 1 }, 404],
  ['/reservations', { product: 1e18, quantity: 1, key: 'huge' }, 400],
  ['/reservations', { product: 1, quantity: -2_147_483_649, key: 'huge' }, 400],
  ['/checkout', { ...buy, items: [{ product: 9_223_372_036_854_775_807n.toString(), quantity: 1 }] }, 400],
  ['/products/2147483648/reviews', { rating: 5, body: 'good' }, 404],
  ['/products/999999999/reviews', { rating: 5, body: 'good' }, 404],
  ['/products/1/reviews', { rating: 2_147_483_648, body: 'good' }, 400],
  ['/admin/restock', { product: 2_147_483_648, quantity: 1 }, 400],
  ['/admin/restock', { product: 1, quantity: -2_147_483_649 }, 400],
])('a number beyond integers to %s: %j is %i', async (path, body, status) => {
  const answer = await send('POST', path, { ...ADMIN, ...KEY, cookie: session }, body)
  expect(answer.status, answer.text).toBe(status)
})
