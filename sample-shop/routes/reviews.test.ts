import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPerson } from '../testing/person.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { ask, seedTestShop, startTestShop, type TestShop } from '../testing/test-shop.ts'

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

let people = 0

async function startMember(name = 'Ada') {
  const person = startPerson(shop.url)
  const email = `reviewer${people++}@example.com`
  const page = await person.get('/register?next=/products/5/reviews')
  await person.submit(page, '/register', { name, email, password: 'correct horse' })
  return { person, headers: { cookie: `session=${person.cookies.get('session')}` } }
}

const review = (product: number | string, body: unknown, headers: Record<string, string> = {}) =>
  shop.json(`/products/${product}/reviews`, { method: 'POST', body: JSON.stringify(body), headers })

test('new products are the last ones in, whole pages for browsers and programs', async () => {
  const { status, body } = await shop.json('/new')
  expect(status).toBe(200)
  expect(body.products).toHaveLength(28)
  expect(body.products[0]).toMatchObject({ id: 1000, url: '/products/1000' })
  const page = await startPerson(shop.url).get('/new')
  expect(page.text).toContain('<h1>New products</h1>')
})

test('the pages of reviews hold every review once, latest first', async () => {
  const [all] = await ask(
    postgres.url,
    'select array_agg(body order by id desc) as bodies, count(*)::int as n from reviews where product_id = 1',
  )
  const size = Number(all?.['n'])
  expect(size).toBeGreaterThan(20)
  const found: string[] = []
  for (let page = 1; page <= Math.ceil(size / 20); page++) {
    const { body } = await shop.json(`/products/1/reviews?page=${page}`)
    expect(body).toMatchObject({ page, pages: Math.ceil(size / 20), reviewCount: size })
    found.push(...body.reviews.map((one: { body: string }) => one.body))
  }
  expect(found).toEqual(all?.['bodies'])
  const product = (await shop.json('/products/1')).body
  expect(product.content).toContain('href="/products/1/reviews"')
  expect((await shop.json('/products/1/reviews')).body.rating).toBe(product.rating)
})

test.each([
  ['/products/1/reviews?page=999', 404],
  ['/products/1/reviews?page=0', 400],
  ['/products/999999/reviews', 404],
  ['/products/1%20or%201=1/reviews', 404],
])('%s is %i', async (path, status) => {
  const answer = await shop.json(path)
  expect(answer.status).toBe(status)
  expect(answer.body).toEqual({ error: { code: expect.any(String), message: expect.any(String) } })
})

test('a review needs somebody signed in; then it counts everywhere, once', async () => {
  const before = (await shop.json('/products/5')).body
  const person = startPerson(shop.url)
  expect((await person.get('/products/5/reviews')).text).toContain('/sign-in?next=/products/5/reviews')
  expect((await review(5, { rating: 1, body: 'No.' })).status).toBe(401)
  const { person: member, headers } = await startMember('Zoe')
  const page = await member.get('/products/5/reviews')
  const sent = await member.submit(page, '/products/5/reviews', { rating: '1', body: 'Broke\r\nat once' })
  expect(sent.status).toBe(303)
  expect(sent.location).toBe('/products/5/reviews')
  const after = (await shop.json('/products/5')).body
  expect(after.reviewCount).toBe(before.reviewCount + 1)
  expect(after.reviews[0]).toMatchObject({ author: 'Zoe', rating: 1, body: 'Broke\r\nat once' })
  const [listed] = await ask(
    postgres.url,
    'select rating_tenths / 10.0::float8 as rating, review_count as n from products where id = 5',
  )
  expect(listed).toEqual({ rating: after.rating, n: after.reviewCount })
  const again = await review(5, { rating: 5, body: 'Sorry.' }, headers)
  expect(again.status).toBe(409)
  expect(again.body.error.code).toBe('already-reviewed')
  expect((await review(999_999, { rating: 5, body: 'Nice.' }, headers)).status).toBe(404)
})

test('eight reviews of one product at once are all counted', async () => {
  const members = await Promise.all(Array.from({ length: 8 }, () => startMember()))
  const before = (await shop.json('/products/9')).body.reviewCount
  const answers = await Promise.all(
    members.map(({ headers }) => review(9, { rating: 4, body: 'Nice.' }, headers)),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201))
  const [row] = await ask(postgres.url, 'select review_count as n from products where id = 9')
  expect(row?.['n']).toBe(before + 8)
})

test('markup and SQL in a review, and in its author’s name, are only text', async () => {
  const { headers } = await startMember(`<img src=x onerror=alert(1)>'); drop table reviews; --`)
  const body = `</p><script>alert(1)</script>'); delete from reviews; --`
  expect((await review(7, { rating: 3, body }, headers)).status).toBe(201)
  for (const path of ['/products/7', '/products/7/reviews']) {
    const { text } = await startPerson(shop.url).get(path)
    expect(text).toContain('&lt;script>alert(1)&lt;/script>')
    expect(text).toContain('&lt;img src=x')
    expect(text).not.toMatch(/<script|<img/)
  }
})

test.each([
  ['six stars', { rating: 6, body: 'x' }, 'rating'],
  ['half a star', { rating: 0.5, body: 'x' }, 'rating'],
  ['no stars', { body: 'x' }, 'rating'],
  ['nothing said', { rating: 5, body: ' ' }, 'body'],
  ['too much said', { rating: 5, body: 'x'.repeat(1001) }, 'body'],
  ['a NUL', { rating: 5, body: 'a\0b' }, 'body'],
  ['an object', { rating: 5, body: {} }, 'body'],
])('a review with %s is refused beside its field', async (_what, body, field) => {
  const { headers } = await startMember()
  const answer = await review(8, body, headers)
  expect(answer.status).toBe(400)
  expect(Object.keys(answer.body.error.fields)).toEqual([field])
})

test('a review that is not right comes back as it was written', async () => {
  const { person } = await startMember()
  const page = await person.get('/products/8/reviews')
  const answer = await person.submit(page, '/products/8/reviews', { rating: '', body: 'A <b>good</b> one' })
  expect(answer.status).toBe(400)
  expect(answer.text).toContain('A &lt;b>good&lt;/b> one</textarea>')
  expect(answer.text).toContain('<span class="wrong" id="rating-error">Please choose 1 to 5 stars.</span>')
})
