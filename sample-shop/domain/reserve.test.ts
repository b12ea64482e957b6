import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import {
  type Answer,
  ask,
  type Settings,
  seedTestShop,
  startTestShop,
  type TestShop,
  until,
} from '../testing/test-shop.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
  await seedTestShop(postgres.url)
})
afterAll(() => postgres?.remove())

const email = 'ada@example.com'
const PIECES = 20

/** Nobody sweeps in the time of a test unless it says so. */
const NO_SWEEP: Settings = { SHOP_RESERVATION_SWEEP_MS: '3600000', SHOP_RESERVATION_LOOK_MS: '3600000' }

const number = async (sql: string, values: readonly unknown[] = []) =>
  Number(Object.values((await ask(postgres.url, sql, values))[0]!)[0])
const onHand = () => number('select on_hand from stock where sku = 1')
const freeUnits = () =>
  number('select count(*) from stock_units where reservation is null and order_id is null')

/** What is wrong with the books: every piece stocked is sold, kept for somebody or there; units say the same. */
async function broken(): Promise<readonly unknown[]> {
  const rows = await ask(
    postgres.url,
    `with sold as (
       select product_id, sum(quantity) as pieces from order_lines join orders on id = order_id
        where idempotency_key is not null group by product_id
     ), kept as (
       select product_id, by_unit, sum(quantity) as pieces from reservations where state = 'held' group by 1, 2
     )
     select 'stock ' || sku as what from stock
      where on_hand < 0 or stocked - on_hand
            <> coalesce((select pieces from sold where product_id = sku), 0)
             + coalesce((select pieces from kept where product_id = sku and not by_unit), 0)
     union all
     select 'units' from stock_units u join stock using (sku) group by sku
     having count(*) <> max(stocked) or count(*) filter (where u.order_id is null) <> max(on_hand)
         or count(u.reservation) <> coalesce((select pieces from kept where product_id = sku and by_unit), 0)
     union all
     select 'claimed' from reservations r left join order_lines l using (order_id, product_id)
      where state = 'claimed' and r.quantity is distinct from l.quantity`,
  )
  return rows.map(({ what }) => what)
}

function reserveIn(
  shop: TestShop,
  key: string,
  quantity: unknown = 1,
  product: unknown = 1,
): Promise<Answer> {
  return shop.json('/reservations', {
    method: 'POST',
    body: JSON.stringify({ product, quantity }),
    headers: key === '' ? {} : { 'idempotency-key': key },
  })
}
const buy = (shop: TestShop, reservation: string, key: string) => shop.checkout({ email, reservation }, key)
const release = (shop: TestShop, id: string) => shop.json(`/reservations/${id}`, { method: 'DELETE' })

describe.each(['row', 'units'])('reservations by %s', (mode) => {
  const shops: TestShop[] = []
  const open = async (settings: Settings = {}) => {
    const shop = await startTestShop(postgres.url, { SHOP_RESERVATION_MODE: mode, ...settings })
    shops.push(shop)
    return shop
  }

  beforeEach(async () => {
    for (const shop of shops.splice(0)) await shop.close()
    await ask(postgres.url, 'truncate reservations, stock_units')
    await ask(
      postgres.url,
      'delete from order_lines using orders where id = order_id and idempotency_key is not null',
    )
    await ask(postgres.url, 'delete from orders where idempotency_key is not null')
    await ask(postgres.url, 'update stock set on_hand = stocked')
    await ask(postgres.url, `update stock set on_hand = ${PIECES}, stocked = ${PIECES} where sku = 1`)
    if (mode === 'units')
      await ask(
        postgres.url,
        `insert into stock_units (sku, unit) select 1, i from generate_series(1, ${PIECES}) i`,
      )
  })
  afterAll(async () => {
    for (const shop of shops) await shop.close()
  })

  /** Pieces of product 1 that another shopper could have now. */
  const available = () => (mode === 'units' ? freeUnits() : onHand())

  test('keeps pieces until an order claims them', async () => {
    const shop = await open(NO_SWEEP)
    const { status, body } = await reserveIn(shop, 'r1', 3)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      id: expect.any(String),
      product: 1,
      quantity: 3,
      state: 'held',
      order: null,
    })
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now())
    expect(await available()).toBe(PIECES - 3)
    const paid = await buy(shop, body.id, 'o1')
    expect(paid.status).toBe(201)
    expect((await shop.json(`/orders/${paid.body.id}`)).body.lines).toMatchObject([
      { product: 1, quantity: 3 },
    ])
    expect((await shop.json(`/reservations/${body.id}`)).body).toMatchObject({
      state: 'claimed',
      order: paid.body.id,
    })
    expect(await onHand()).toBe(PIECES - 3)
    expect(await available()).toBe(PIECES - 3)
    expect((await buy(shop, body.id, 'o1')).body).toEqual(paid.body)
    const other = await buy(shop, body.id, 'o2')
    expect([other.status, other.body.error.code]).toEqual([409, 'reservation-claimed'])
    const late = await release(shop, body.id)
    expect([late.status, late.body.error.code]).toEqual([409, 'reservation-claimed'])
    expect(await broken()).toEqual([])
  })

  test('twenty times the same key is one reservation; for another request it is refused', async () => {
    const shop = await open(NO_SWEEP)
    const answers = await Promise.all(Array.from({ length: 20 }, () => reserveIn(shop, 'same', 2)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await available()).toBe(PIECES - 2)
    const other = await reserveIn(shop, 'same', 1)
    expect([other.status, other.body.error.code]).toEqual([422, 'key-reused'])
  })

  test('more than there is left takes nothing and claims no key', async () => {
    const shop = await open(NO_SWEEP)
    const { body } = await reserveIn(shop, 'most', PIECES - 1)
    const refused = await reserveIn(shop, 'two', 2)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'sold-out'])
    expect(await available()).toBe(1)
    await release(shop, body.id)
    expect((await reserveIn(shop, 'two', 2)).status).toBe(201)
  })

  test('a released one gives its pieces back once, however often it is released', async () => {
    const shop = await open(NO_SWEEP)
    const { body } = await reserveIn(shop, 'r1', 4)
    const answers = await Promise.all(Array.from({ length: 10 }, () => release(shop, body.id)))
    expect(answers.map(({ status, body: { state } }) => `${status} ${state}`)).toEqual(
      Array(10).fill('200 released'),
    )
    expect(await available()).toBe(PIECES)
    expect((await buy(shop, body.id, 'o1')).body.error.code).toBe('reservation-released')
    expect(await broken()).toEqual([])
  })

  test('an expired one can be claimed no more, though nobody swept; a sweep gives its pieces back', async () => {
    const still = await open({ ...NO_SWEEP, SHOP_RESERVATION_MS: '50' })
    const { body } = await reserveIn(still, 'r1', 5)
    await until(async () => (await still.json(`/reservations/${body.id}`)).body.state === 'expired')
    const refused = await buy(still, body.id, 'o1')
    expect([refused.status, refused.body.error.code]).toEqual([409, 'reservation-expired'])
    expect(await available()).toBe(PIECES - 5)
    expect(await number('select count(*) from orders where idempotency_key is not null')).toBe(0)
    await open({ SHOP_RESERVATION_SWEEP_MS: '20' })
    await until(async () => (await available()) === PIECES)
    expect(await broken()).toEqual([])
  })

  test('one that expires during the payment is not sold, and nothing of the order stays', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_RESERVATION_MS: '400', SHOP_PAYMENT_MS: '800' })
    const { body } = await reserveIn(shop, 'r1')
    const refused = await buy(shop, body.id, 'o1')
    expect([refused.status, refused.body.error.code]).toEqual([409, 'reservation-expired'])
    expect(await number('select count(*) from orders where idempotency_key is not null')).toBe(0)
    expect((await shop.json(`/reservations/${body.id}`)).body.order).toBeNull()
  })

  test('pieces that are kept are not sold to somebody else, out of the cart either', async () => {
    const shop = await open(NO_SWEEP)
    await reserveIn(shop, 'r1', PIECES - 1)
    const items = (quantity: number) => ({ email, items: [{ product: 1, quantity }] })
    expect((await shop.checkout(items(2), 'o1')).status).toBe(409)
    expect((await shop.checkout(items(1), 'o2')).status).toBe(201)
    expect(await available()).toBe(0)
    expect(await broken()).toEqual([])
  })

  test('a restock breaks nothing', async () => {
    const shop = await open(NO_SWEEP)
    await reserveIn(shop, 'r1', 2)
    await ask(postgres.url, 'update stock set on_hand = on_hand + 7, stocked = stocked + 7 where sku = 1')
    if (mode === 'units') {
      expect(await broken()).toEqual(['units'])
      await ask(
        postgres.url,
        `insert into stock_units (sku, unit) select 1, i from generate_series(${PIECES + 1}, ${PIECES + 7}) i`,
      )
    }
    expect(await broken()).toEqual([])
    expect(await available()).toBe(PIECES + 5)
  })

  test('several sweepers at once give every piece back once, in small batches', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_RESERVATION_MS: '50' })
    await Promise.all(Array.from({ length: PIECES }, (_, index) => reserveIn(shop, `r${index}`)))
    const sweep = { SHOP_RESERVATION_SWEEP_MS: '10', SHOP_RESERVATION_SWEEP_BATCH: '3' }
    await Promise.all([open(sweep), open(sweep), open(sweep)])
    await until(async () => (await available()) === PIECES)
    expect(await number(`select count(*) from reservations where state = 'expired'`)).toBe(PIECES)
    expect(await broken()).toEqual([])
  })

  test('fifty buyers at once for twenty pieces, some let go, some are late: none sold twice, all accounted for', async () => {
    const settings = {
      SHOP_RESERVATION_MS: '150',
      SHOP_RESERVATION_SWEEP_MS: '10',
      SHOP_RESERVATION_SWEEP_BATCH: '4',
      SHOP_POOL_TIMEOUT_MS: '60000',
    }
    const [one, two] = [await open(settings), await open({ ...settings, INSTANCE: 'app-2' })]
    const unexpected: string[] = []
    const allowed = (answer: Answer, ...codes: readonly string[]) => {
      const code = answer.body.error?.code
      if (code !== undefined && !codes.includes(code)) unexpected.push(`${answer.status} ${code}`)
      return answer
    }
    const sold: number[] = []
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    await Promise.all(
      Array.from({ length: 50 }, async (_, buyer) => {
        const shop = buyer % 2 ? one : two
        for (let round = 0; round < 6; round++) {
          // Who does what is mixed by the numbers, not drawn: a failure can be looked at again.
          const choice = (buyer * 7 + round * 3) % 10
          const quantity = 1 + ((buyer + round) % 3)
          const made = allowed(await reserveIn(shop, `${buyer}-${round}`, quantity), 'sold-out')
          if (made.status !== 201) {
            await wait(20)
            continue
          }
          if (choice < 3) allowed(await release(shop, made.body.id))
          else if (choice < 6) await wait(160 + choice * 10)
          else if (choice < 8) {
            await wait(148)
            const paid = allowed(await buy(shop, made.body.id, `o${buyer}-${round}`), 'reservation-expired')
            if (paid.status === 201) sold.push(quantity)
          } else if (round === 5) {
            const answers = await Promise.all([
              buy(shop, made.body.id, `o${buyer}-${round}`),
              release(one, made.body.id),
              release(two, made.body.id),
            ])
            for (const answer of answers)
              allowed(answer, 'reservation-expired', 'reservation-released', 'reservation-claimed')
            if (answers[0].status === 201) sold.push(quantity)
          }
        }
      }),
    )
    await until(async () => (await number(`select count(*) from reservations where state = 'held'`)) === 0)
    expect(unexpected).toEqual([])
    const pieces = sold.reduce((sum, quantity) => sum + quantity, 0)
    expect(pieces).toBeLessThanOrEqual(PIECES)
    expect(await onHand()).toBe(PIECES - pieces)
    expect(await available()).toBe(PIECES - pieces)
    expect(await broken()).toEqual([])
  })

  test('a person without JavaScript reserves, sees it, pays', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_RESERVATION_FORM: '1' })
    const form = (path: string, fields: Record<string, string>) =>
      fetch(shop.url + path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { accept: 'text/html' },
        redirect: 'manual',
      })
    const hidden = (html: string, name: string) =>
      new RegExp(`name="${name}" value="([^"]+)"`).exec(html)![1]!
    const offer = await (await fetch(`${shop.url}/products/1`)).text()
    const [, reserve = ''] = offer.split('action="/reservations"')
    const made = await form('/reservations', { product: '1', quantity: '1', key: hidden(reserve, 'key') })
    expect(made.status).toBe(303)
    const path = made.headers.get('location')!
    const page = await (await fetch(shop.url + path)).text()
    expect(page).toContain('Kept for you until')
    const paid = await form('/checkout', {
      email,
      key: hidden(page, 'key'),
      reservation: hidden(page, 'reservation'),
    })
    expect(paid.headers.get('location')).toMatch(/^\/orders\/\d+$/)
    expect(await (await fetch(shop.url + path)).text()).toContain('<strong>claimed</strong>')
    const second = await form('/reservations', { product: '1', quantity: '1', key: 'again' })
    const released = await form(`${second.headers.get('location')}/release`, {})
    expect(await (await fetch(shop.url + released.headers.get('location'))).text()).toContain('released')
    expect(
      (await fetch(`${shop.url}/products/2`).then((page) => page.text())).includes('/reservations'),
    ).toBe(false)
  })

  test('for somebody with a cart the forms carry its token, and none works without; JSON needs none', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_RESERVATION_FORM: '1' })
    const cookie = `cart=${crypto.randomUUID()}`
    const form = (path: string, fields: Record<string, string>) =>
      fetch(shop.url + path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { accept: 'text/html', cookie },
        redirect: 'manual',
      })
    const show = async (path: string) =>
      (await fetch(shop.url + path, { headers: { accept: 'text/html', cookie } })).text()
    const token = (form: string) => ({ csrf: /name="csrf" value="([^"]+)"/.exec(form)?.[1] ?? '' })
    const item = { product: '1', quantity: '1' }
    const [, offer = ''] = (await show('/products/1')).split('action="/reservations"')
    expect((await form('/reservations', { ...item, key: 'form' })).status).toBe(403)
    const made = await form('/reservations', { ...item, key: 'form', ...token(offer) })
    expect(made.status).toBe(303)
    const path = made.headers.get('location')!
    const [, pay = '', letGo = ''] = (await show(path)).split('<form method="post"')
    const reservation = path.split('/').at(-1)!
    expect((await form('/checkout', { email, key: 'o1', reservation })).status).toBe(403)
    expect((await form(`${path}/release`, {})).status).toBe(403)
    expect((await form(`${path}/release`, token(letGo))).status).toBe(303)
    const body = JSON.stringify({ product: 1, quantity: 1 })
    const headers = { cookie, 'idempotency-key': 'json' }
    const again = await shop.json('/reservations', { method: 'POST', body, headers })
    expect(again.status).toBe(201)
    const paid = await form('/checkout', { email, key: 'o1', reservation: again.body.id, ...token(pay) })
    expect(paid.headers.get('location')).toMatch(/^\/orders\/\d+$/)
    expect(await broken()).toEqual([])
  })

  test('what the admin adds can be reserved and sold', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_ADMIN_PASSWORD: 'of the admin' })
    expect((await reserveIn(shop, 'most', PIECES)).status).toBe(201)
    expect((await reserveIn(shop, 'more', 2)).status).toBe(409)
    const restocked = await shop.json('/admin/restock', {
      method: 'POST',
      body: JSON.stringify({ product: 1, quantity: 3 }),
      headers: { authorization: `Basic ${btoa('admin:of the admin')}` },
    })
    expect(restocked.status).toBe(200)
    expect(await available()).toBe(3)
    expect((await reserveIn(shop, 'more', 2)).status).toBe(201)
    const last = { email, items: [{ product: 1, quantity: 1 }] }
    expect((await shop.checkout(last, 'last')).status).toBe(201)
    expect(await available()).toBe(0)
    expect(await broken()).toEqual([])
  })

  test('the books stay in order under commit-per-line, too', async () => {
    const shop = await open({ ...NO_SWEEP, SHOP_FLAWS: 'commit-per-line' })
    const { body } = await reserveIn(shop, 'r1', 3)
    expect((await buy(shop, body.id, 'o1')).status).toBe(201)
    const items = [1, 2].map((product) => ({ product, quantity: 1 }))
    expect((await shop.checkout({ email, items }, 'o2')).status).toBe(201)
    expect(await available()).toBe(PIECES - 4)
    expect(await broken()).toEqual([])
  })

  test.each([
    ['no key', '', 1, 1, 400],
    ['no quantity', 'k', null, 1, 400],
    ['a negative quantity', 'k', -1, 1, 400],
    ['too many pieces', 'k', 100, 1, 400],
    ['an unknown product', 'k', 1, 555_555, 404],
    ['a product that is none', 'k', 1, '1; drop table stock', 400],
  ])('a reservation with %s is refused', async (_what, key, quantity, product, status) => {
    expect((await reserveIn(await open(NO_SWEEP), key, quantity, product)).status).toBe(status)
  })

  test('what is no reservation is told so', async () => {
    const shop = await open(NO_SWEEP)
    for (const id of ['1', 'x', crypto.randomUUID(), "'--"]) {
      const path = `/reservations/${encodeURIComponent(id)}`
      expect((await shop.json(path)).status).toBe(404)
      expect((await shop.json(path, { method: 'DELETE' })).status).toBe(404)
    }
    expect((await buy(shop, crypto.randomUUID(), 'o1')).body.error.code).toBe('unknown-reservation')
    expect((await buy(shop, 'x', 'o2')).status).toBe(400)
    const both = { email, reservation: crypto.randomUUID(), items: [{ product: 1, quantity: 1 }] }
    expect((await shop.checkout(both, 'o3')).status).toBe(400)
  })
})

test('the seed makes units of the door-buster only where the mode asks for them', async () => {
  expect(await number('select count(*) from stock_units where sku <> 1')).toBe(0)
  await seedTestShop(postgres.url, { SHOP_RESERVATION_MODE: 'units', SHOP_DOOR_BUSTER_STOCK: '30' })
  expect(await ask(postgres.url, 'select sku, count(*)::int from stock_units group by sku')).toEqual([
    { sku: 1, count: 30 },
  ])
  await seedTestShop(postgres.url)
  expect(await number('select count(*) from stock_units')).toBe(0)
})
