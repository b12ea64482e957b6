import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { SCHEMA } from '../../sample-shop/data/schema.ts'
import { startTestPostgres, type TestPostgres } from '../../sample-shop/testing/postgres.ts'
import { invariants } from './invariants.ts'

let postgres: TestPostgres
let client: pg.Client

beforeAll(async () => {
  postgres = await startTestPostgres()
  client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
})

afterAll(async () => {
  await client?.end()
  await postgres?.remove()
})

/**
 * Books that are in order: an order of the past, two live ones, one whose shopper left before the answer, reservations of
 * every kind, and a product (4) that is reserved by the unit: one sold, two reserved, one of them by a shopper who waits.
 */
beforeEach(async () => {
  await client.query(`
    ${SCHEMA}
    drop table if exists ledger, unknown;
    create table unknown (key text not null);
    create table ledger (id text not null, value numeric not null, currency text not null);
    insert into stock (sku, on_hand, stocked) values (1, 7, 10), (2, 2, 5), (3, 5, 5), (4, 3, 4);
    insert into orders (id, idempotency_key, email, total_cents, status) overriding system value values
      (1, null, 'a@example.com', 1999, 'paid'), (2, 'k2', 'b@example.com', 2998, 'paid'),
      (3, 'k3', 'c@example.com', 1499, 'paid'), (4, 'k4', 'd@example.com', 500, 'paid'),
      (6, 'k6', 'e@example.com', 900, 'paid');
    insert into order_lines (order_id, line_no, product_id, quantity, price_cents) values
      (1, 1, 3, 1, 1999), (2, 1, 1, 2, 1499), (3, 1, 1, 1, 1499), (4, 1, 2, 1, 500), (6, 1, 4, 1, 900);
    insert into reservations (id, idempotency_key, product_id, quantity, by_unit, state, order_id, expires_at, return_by)
      select ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'r' || n, product, quantity, by_unit, state, order_id,
             now() + ends, now() + ends + interval '6 s'
        from (values
          (1, 2, 2, false, 'held', null, interval '-3 s'), (2, 2, 1, false, 'expired', null, '-1 h'),
          (3, 1, 1, false, 'released', null, '-1 h'), (4, 2, 1, false, 'claimed', 4, '1 h'),
          (5, 4, 1, true, 'claimed', 6, '1 h'), (6, 4, 2, true, 'held', null, '1 h'), (7, 4, 1, true, 'expired', null, '-1 h')
        ) r (n, product, quantity, by_unit, state, order_id, ends);
    insert into stock_units (sku, unit, reservation, order_id) values
      (4, 1, null, 6), (4, 2, '00000000-0000-0000-0000-000000000006', null),
      (4, 3, '00000000-0000-0000-0000-000000000006', null), (4, 4, null, null);
    insert into unknown values ('k4'), ('k5'), ('r1');
    insert into ledger values ('2', 29.98, 'EUR'), ('3', 14.99, 'EUR');
  `)
})

async function broken(): Promise<readonly string[]> {
  const found: string[] = []
  for (const { name, sql } of invariants) if ((await client.query(sql)).rows.length > 0) found.push(name)
  return found
}

async function sampled() {
  const asked = invariants.flatMap((one) =>
    'sampled' in one ? [{ name: one.name, sql: one.sampled === true ? one.sql : one.sampled }] : [],
  )
  const found: string[] = []
  for (const { name, sql } of asked) if ((await client.query(sql)).rows.length > 0) found.push(name)
  return { asked: asked.map(({ name }) => name), broken: found }
}

test('books in order break nothing', async () => {
  expect(await broken()).toEqual([])
})

test('neither does a restock', async () => {
  await client.query('update stock set on_hand = on_hand + 5, stocked = stocked + 5 where sku <> 4')
  expect(await broken()).toEqual([])
})

test.each([
  ['stock below nothing', 'update stock set on_hand = -1, stocked = 2 where sku = 1', 'no oversell'],
  ['a piece sold that the stock never gave', 'update stock set on_hand = 8 where sku = 1', 'no oversell'],
  ['a piece gone that nobody bought', 'update stock set on_hand = 4 where sku = 3', 'no oversell'],
  [
    'an order the shopper was told of is gone',
    "insert into ledger values ('99', 5, 'EUR')",
    'no confirmed order lost',
  ],
  ['one order told to two shoppers', "insert into ledger values ('2', 29.98, 'EUR')", 'no order doubled'],
  [
    'one click that became two orders',
    `alter table orders drop constraint orders_idempotency_key_key;
     insert into orders (id, idempotency_key, email, total_cents, status) overriding system value
       values (5, 'k2', 'b@example.com', 0, 'paid')`,
    'no order doubled',
  ],
  [
    'another total than the shopper was told',
    "update ledger set value = 29.97 where id = '2'",
    'money conserved',
  ],
  [
    'lines that do not add up to the total',
    'update order_lines set price_cents = 1 where order_id = 3',
    'money conserved',
  ],
  ['a piece kept that the stock never gave', 'update stock set on_hand = 4 where sku = 2', 'no oversell'],
  [
    'pieces of an expired reservation that were given back twice',
    'update stock set on_hand = 3 where sku = 2',
    'no oversell',
  ],
  [
    'an unanswered order without its lines',
    'delete from order_lines where order_id = 4; update stock set on_hand = 3 where sku = 2; delete from reservations where order_id = 4',
    'money conserved, unanswered requests whole or not at all',
  ],
  [
    'an unanswered order with another total than its lines',
    'update orders set total_cents = 499 where id = 4',
    'money conserved, unanswered requests whole or not at all',
  ],
  [
    'one reservation key twice',
    `alter table reservations drop constraint reservations_idempotency_key_key;
     update reservations set idempotency_key = 'r2' where idempotency_key = 'r3'`,
    'no order doubled',
  ],
  [
    'a claimed reservation whose order is gone',
    'update reservations set order_id = 99 where order_id = 4',
    'reservations sold as reserved',
  ],
  [
    'an order of more than was reserved',
    'update reservations set quantity = 3 where order_id = 4',
    'reservations sold as reserved',
  ],
  [
    'a reservation claimed after its time',
    `update reservations set expires_at = now() - interval '1 h' where order_id = 4`,
    'reservations sold as reserved',
  ],
  [
    'an expired reservation that no sweep found',
    `update reservations set return_by = now() - interval '1 s' where idempotency_key = 'r1'`,
    'expired reservations returned',
  ],
  [
    'a unit of a reservation that expired',
    `update stock_units set reservation = '00000000-0000-0000-0000-000000000007' where unit = 4`,
    'units agree with stock',
  ],
  [
    'a unit that two shoppers were given',
    'update stock_units set order_id = 6 where unit = 2; update stock set on_hand = 2, stocked = 3 where sku = 4',
    'units agree with stock',
  ],
  [
    'a restock without units',
    'update stock set on_hand = on_hand + 1, stocked = stocked + 1 where sku = 4',
    'units agree with stock',
  ],
])('%s', async (_what, breach, names) => {
  await client.query(breach)
  expect((await broken()).join(', ')).toBe(names)
})

test('what is sampled needs nobody to have said what shoppers were told', async () => {
  await client.query('drop table ledger, unknown')
  const found = await sampled()
  expect(found.broken).toEqual([])
  expect(found.asked).toEqual([
    'no oversell',
    'no order doubled',
    'money conserved',
    'reservations sold as reserved',
  ])
  await client.query(
    'update stock set on_hand = -1, stocked = 2 where sku = 1; delete from order_lines where order_id = 4',
  )
  expect((await sampled()).broken).toEqual([
    'no oversell',
    'money conserved',
    'reservations sold as reserved',
  ])
})
