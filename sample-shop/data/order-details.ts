import type { Address } from '../domain/address.ts'
import { confirmOrder, type OrderHistory, type PastOrder } from '../domain/order.ts'
import type { Connection } from './database.ts'

/** Writes down whose an order is, for those who are signed in. */
export async function insertOwner(connection: Connection, order: number, account: number): Promise<void> {
  await connection.query('order-owner', 'insert into account_orders (account_id, order_id) values ($1, $2)', [
    account,
    order,
  ])
}

/** Writes down where an order goes. */
export async function insertAddress(connection: Connection, order: number, address: Address): Promise<void> {
  const { name, street, postcode, city, country } = address
  await connection.query(
    'order-address',
    `insert into order_addresses (order_id, name, street, postcode, city, country)
     values ($1, $2, $3, $4, $5, $6)`,
    [order, name, street, postcode, city, country],
  )
}

type PrivateRow = { readonly email: string } & { readonly [Field in keyof Address]: Address[Field] | null }

/** What only its owner sees of an order; `null` when it is not this account's. */
export async function findPrivateDetails(
  connection: Connection,
  order: number,
  account: number,
): Promise<{ readonly email: string; readonly address: Address | null } | null> {
  const [row] = await connection.query<PrivateRow>(
    'order-private',
    `select o.email, a.name, a.street, a.postcode, a.city, a.country
       from account_orders m join orders o on o.id = m.order_id left join order_addresses a on a.order_id = o.id
      where m.account_id = $1 and m.order_id = $2`,
    [account, order],
  )
  if (!row) return null
  const { email, name, street, postcode, city, country } = row
  if (name === null || street === null || postcode === null || city === null || country === null) {
    return { email, address: null }
  }
  return { email, address: { name, street, postcode, city, country } }
}

type OrderRow = {
  readonly id: number
  readonly totalCents: number
  readonly status: string
  readonly placedAt: Date
  readonly pieces: number
  readonly size: number
}

/** One page of an account's orders, latest first; `null` when there is no such page. */
export async function findOrderHistory(
  connection: Connection,
  account: number,
  page: number,
  pageSize: number,
): Promise<OrderHistory | null> {
  const rows = await connection.query<OrderRow>(
    'order-history',
    `select o.id, o.total_cents as "totalCents", o.status, o.placed_at as "placedAt", mine.size,
            (select sum(quantity)::integer from order_lines l where l.order_id = o.id) as pieces
       from (select order_id, count(*) over ()::integer as size from account_orders where account_id = $1
              order by order_id desc limit $2 offset $3) mine
       join orders o on o.id = mine.order_id order by o.id desc`,
    [account, pageSize, (page - 1) * pageSize],
  )
  const size = rows[0]?.size ?? 0
  const pages = Math.max(1, Math.ceil(size / pageSize))
  if (rows.length === 0 && page > 1) return null
  const orders = rows.map(
    ({ id, totalCents, status, placedAt, pieces }): PastOrder => ({
      ...confirmOrder(id, totalCents, status),
      placedAt: placedAt.toISOString(),
      pieces,
    }),
  )
  return { orders, size, page, pages }
}
