import type { Item } from '../domain/cart.ts'
import { confirmOrder, maskEmail, type OrderLine, type OrderPage } from '../domain/order.ts'
import type { Connection } from './database.ts'

export type PlacedOrder = {
  readonly id: number
  readonly totalCents: number
  readonly status: string
  readonly requestHash: string
}

export type NewOrder = {
  readonly key: string
  readonly requestHash: string
  readonly email: string
  readonly items: readonly Item[]
  readonly totalCents: number
}

/** The order that was placed under this idempotency key, or `null`. */
export async function findOrderByKey(connection: Connection, key: string): Promise<PlacedOrder | null> {
  const [order] = await connection.query<PlacedOrder>(
    'order-by-key',
    `select id, total_cents as "totalCents", status, request_hash as "requestHash"
       from orders where idempotency_key = $1`,
    [key],
  )
  return order ?? null
}

/** Price in cents of each of these products that exists. */
export async function findPrices(
  connection: Connection,
  products: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await connection.query<{ readonly id: number; readonly priceCents: number }>(
    'prices',
    'select id, price_cents as "priceCents" from products where id = any($1)',
    [products],
  )
  return new Map(rows.map(({ id, priceCents }) => [id, priceCents]))
}

/**
 * Claims the idempotency key and writes the order with its lines; `null` when another order holds the key. If that
 * other checkout is still under way, Postgres makes this one wait for its outcome.
 */
export async function insertOrder(connection: Connection, order: NewOrder): Promise<number | null> {
  const { key, requestHash, email, items, totalCents } = order
  const [row] = await connection.query<{ readonly id: number }>(
    'order-insert',
    `with claimed as (
       insert into orders (idempotency_key, request_hash, email, total_cents, status)
       values ($1, $2, $3, $4, 'paid') on conflict (idempotency_key) do nothing returning id
     ), lines as (
       insert into order_lines (order_id, line_no, product_id, quantity, price_cents)
       select claimed.id, i.line_no, p.id, i.quantity, p.price_cents
         from claimed, unnest($5::integer[], $6::integer[]) with ordinality as i (product, quantity, line_no)
         join products p on p.id = i.product
     )
     select id from claimed`,
    [
      key,
      requestHash,
      email,
      totalCents,
      items.map((item) => item.product),
      items.map((item) => item.quantity),
    ],
  )
  return row?.id ?? null
}

/** Takes the pieces out of stock if that many are there; false when they are not. */
export async function takeStock(connection: Connection, item: Item): Promise<boolean> {
  const rows = await connection.query(
    'stock-take',
    'update stock set on_hand = on_hand - $2 where sku = $1 and on_hand >= $2 returning sku',
    [item.product, item.quantity],
  )
  return rows.length > 0
}

/** Locks the stock rows of these items until the transaction ends (only the flaw `hot-row` does that). */
export async function lockStock(connection: Connection, items: readonly Item[]): Promise<void> {
  await connection.query(
    'stock-lock',
    'select on_hand from stock where sku = any($1) order by sku desc for update',
    [items.map((item) => item.product)],
  )
}

type OrderRow = {
  readonly id: number
  readonly email: string
  readonly totalCents: number
  readonly status: string
  readonly placedAt: Date
}

/** An order with its lines; `null` when unknown. */
export async function findOrder(
  connection: Connection,
  id: number,
  findLines: typeof findOrderLines = findOrderLines,
): Promise<OrderPage | null> {
  const [order] = await connection.query<OrderRow>(
    'order',
    `select id, email, total_cents as "totalCents", status, placed_at as "placedAt" from orders where id = $1`,
    [id],
  )
  if (!order) return null
  const lines = await findLines(connection, id)
  return {
    ...confirmOrder(order.id, order.totalCents, order.status),
    email: maskEmail(order.email),
    placedAt: order.placedAt.toISOString(),
    lines,
  }
}

function findOrderLines(connection: Connection, id: number): Promise<readonly OrderLine[]> {
  return connection.query<OrderLine>(
    'order-lines',
    `select l.product_id as product, p.name, l.quantity, l.price_cents as "priceCents"
       from order_lines l join products p on p.id = l.product_id where l.order_id = $1 order by l.line_no`,
    [id],
  )
}
