import type { Item } from '../domain/cart.ts'
import { SoldOut } from '../domain/sold-out.ts'
import type { Connection } from './database.ts'
import { type NewOrder, takeStock } from './orders.ts'

/**
 * How the flaw `commit-per-line` writes an order: the same rows, each committed by itself. `null` when another order holds
 * the key; then, and when something is sold out, what was taken is given back. Pieces first: an order that can be seen,
 * and confirmed to whoever sends its key again, is never withdrawn.
 */
export async function writeStatementByStatement(
  connection: Connection,
  order: NewOrder,
): Promise<number | null> {
  const taken: Item[] = []
  for (const item of order.items) {
    if (!(await takeStock(connection, item))) {
      await returnStock(connection, taken)
      throw new SoldOut(item.product)
    }
    taken.push(item)
  }
  const [claimed] = await connection.query<{ readonly id: number }>(
    'order-claim',
    `insert into orders (idempotency_key, request_hash, email, total_cents, status)
     values ($1, $2, $3, $4, 'paid') on conflict (idempotency_key) do nothing returning id`,
    [order.key, order.requestHash, order.email, order.totalCents],
  )
  if (!claimed) {
    await returnStock(connection, taken)
    return null
  }
  for (const [index, { product, quantity }] of order.items.entries()) {
    await connection.query(
      'line-insert',
      `insert into order_lines (order_id, line_no, product_id, quantity, price_cents)
       select $1, $2, id, $4, price_cents from products where id = $3`,
      [claimed.id, index + 1, product, quantity],
    )
  }
  return claimed.id
}

async function returnStock(connection: Connection, items: readonly Item[]): Promise<void> {
  for (const { product, quantity } of items) {
    await connection.query('stock-return', 'update stock set on_hand = on_hand + $2 where sku = $1', [
      product,
      quantity,
    ])
  }
}
