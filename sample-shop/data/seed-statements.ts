import type { Config } from '../config.ts'
import { DOOR_BUSTER } from '../domain/reservation.ts'
import { ACCOUNT_TABLES } from './account-tables.ts'
import { ADJECTIVES, DEPARTMENTS, MATERIALS } from './catalogue-words.ts'
import { INDEXES, REVIEWS_INDEX, SCHEMA, VIEW_COUNTER } from './schema.ts'

/**
 * A number in [0, 2^31) from a row number and a stream, the same for the same SHOP_SEED: Postgres' own integer
 * hash, which unlike random() does not depend on the order in which rows are produced.
 */
const draw = (row: string, stream: number, seed: number) =>
  `(hashint8extended(${row}, ${seed * 64 + stream}) & 2147483647)::integer`

const list = (words: string) => `array[${words.split(' ').map((word) => `'${word}'`)}]`

const pickWord = (words: string, drawn: string) =>
  `(${list(words)})[1 + ${drawn} % ${words.split(' ').length}]`

const categories = () =>
  Object.entries(DEPARTMENTS).flatMap(([department, kinds]) =>
    kinds.split(' ').map((kind) => ({ department, kind })),
  )

/** What fills the empty database, in order. All of it is SQL that Postgres executes by itself: no row travels. */
export function seedStatements(config: Config): readonly string[] {
  const { seed, products, reviews, pastOrders, doorBusterStock, flaws, reservationMode } = config
  // The log-uniform draw is Zipf's law with s = 1: P(rank ≤ r) = ln(r + 1) ÷ ln(n + 1).
  const popularProduct = (row: string, stream: number) =>
    `least(${products}, floor(exp(${draw(row, stream, seed)} / 2147483648.0::float8 * ln(${products + 1}::float8))))::integer`
  const rows = categories()
  // Every 45 s from November on; many past orders come closer together, so that none of them lies in the future.
  const orderEverySec = Math.min(45, 1_800_000 / Math.max(1, pastOrders))
  return [
    SCHEMA,
    `insert into categories (id, name, department) values ${rows.map(
      ({ department, kind }, index) => `(${index + 1}, '${kind.replace('-', ' ')}s', '${department}')`,
    )}`,
    // Half of the reviews go to any product, half by the square of a uniform draw: the first has some 250 of 50,000.
    `insert into reviews (id, product_id, rating, author, body, written_on)
     select i,
            case when i % 2 = 0 then 1 + ${draw('i', 1, seed)} % ${products}
                 else 1 + floor(${products} * (${draw('i', 2, seed)} / 2147483648.0::float8) ^ 2)::integer end,
            (array[5,5,5,4,4,4,3,5,2,1])[1 + ${draw('i', 3, seed)} % 10],
            ${pickWord('Ada Ben Cleo Dan Eva Finn Gina Hugo Ida Jan Kim Leo Mia Noa Otto Pia', draw('i', 4, seed))},
            ${pickWord('Arrived Unpacked Bought Tested Gifted Returned', draw('i', 5, seed))} || ' in '
              || (2 + ${draw('i', 6, seed)} % 6) || ' days. '
              || (array['Does what it says.','Better than the picture.','Would buy it again.','A bit small for us.'])[1 + ${draw('i', 7, seed)} % 4],
            date '2025-01-01' + ${draw('i', 8, seed)} % 300
       from generate_series(1, ${reviews}) i`,
    `insert into products (id, category_id, name, description, price_cents, popularity, rating_tenths, review_count)
     select i, 1 + (i - 1) % 100,
            case when i = 1 then 'Door-buster ' else '' end
              || ${pickWord(ADJECTIVES, draw('i', 11, seed))} || ' ' || ${pickWord(MATERIALS, draw('i', 12, seed))} || ' '
              || (${list(rows.map(({ kind }) => kind).join(' '))})[1 + (i - 1) % 100],
            'Made to be used every day and repaired when it breaks. Model ' || i || ', '
              || (10 + ${draw('i', 13, seed)} % 90) || ' cm, ' || (100 + ${draw('i', 14, seed)} % 4900) || ' g, with a warranty of '
              || (2 + ${draw('i', 15, seed)} % 4) || ' years. Ships from our own warehouse within a day.',
            499 + 100 * (${draw('i', 16, seed)} % 250), 10000000 / i,
            coalesce(round(10 * r.rating), 0), coalesce(r.n, 0)
       from generate_series(1, ${products}) i
       left join (select product_id, avg(rating) as rating, count(*) as n from reviews group by 1) r on r.product_id = i`,
    `insert into stock (sku, on_hand, stocked)
     select i, n, n from generate_series(1, ${products}) i,
       lateral (select case when i = 1 then ${doorBusterStock} else 500 + ${draw('i', 17, seed)} % 1000 end as n) pieces`,
    `insert into orders (id, email, total_cents, status, placed_at)
     select i, 'shopper' || (${draw('i', 21, seed)} % 4000) || '@example.com', 0, 'paid',
            timestamptz '2025-11-01' + i * interval '${orderEverySec} seconds'
       from generate_series(1, ${pastOrders}) i`,
    // One to four lines an order, 2.5 on average.
    `insert into order_lines (order_id, line_no, product_id, quantity, price_cents)
     select o, l, p.id, 1 + ${draw('o * 8::bigint + l', 22, seed)} % 3, p.price_cents
       from generate_series(1, ${pastOrders}) o
      cross join lateral generate_series(1, 1 + ${draw('o', 23, seed)} % 4) l
       join products p on p.id = ${popularProduct('o * 8::bigint + l', 24)}`,
    `update orders set total_cents = lines.total_cents
       from (select order_id, sum(quantity * price_cents)::integer as total_cents from order_lines group by 1) lines
      where id = order_id`,
    `select setval(pg_get_serial_sequence('orders', 'id'), ${pastOrders + 1}, false)`,
    ...(reservationMode === 'units'
      ? [
          `insert into stock_units (sku, unit) select ${DOOR_BUSTER}, i from generate_series(1, ${doorBusterStock}) i`,
        ]
      : []),
    ACCOUNT_TABLES,
    INDEXES,
    ...(flaws.has('missing-index') ? [] : [REVIEWS_INDEX]),
    ...(flaws.has('hot-updates') ? [VIEW_COUNTER] : []),
    'vacuum (analyze, freeze) categories, products, stock, reviews, cart_items, orders, order_lines, reservations, stock_units',
  ]
}
