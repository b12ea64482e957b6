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

/** Books that are in order: an order of the past, two live ones, and one whose shopper left before the answer. */
beforeEach(async () => {
  await client.query(`
    ${SCHEMA}
    drop table if exists ledger;
    create table ledger (id text not null, value numeric not null, currency text not null);
    insert into stock (sku, on_hand, stocked) values (1, 7, 10), (2, 4, 5), (3, 5, 5);
    insert into orders (id, idempotency_key, email, total_cents, status) overriding system value values
      (1, null, 'a@example.com', 1999, 'paid'), (2, 'k2', 'b@example.com', 2998, 'paid'),
      (3, 'k3', 'c@example.com', 1499, 'paid'), (4, 'k4', 'd@example.com', 500, 'paid');
    insert into order_lines (order_id, line_no, product_id, quantity, price_cents) values
      (1, 1, 3, 1, 1999), (2, 1, 1, 2, 1499), (3, 1, 1, 1, 1499), (4, 1, 2, 1, 500);
    insert into ledger values ('2', 29.98, 'EUR'), ('3', 14.99, 'EUR');
  `)
})

async function broken(): Promise<readonly string[]> {
  const found: string[] = []
  for (const { name, sql } of invariants) if ((await client.query(sql)).rows.length > 0) found.push(name)
  return found
}

test('books in order break nothing', async () => {
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
])('%s', async (_what, breach, name) => {
  await client.query(breach)
  expect(await broken()).toEqual([name])
})
