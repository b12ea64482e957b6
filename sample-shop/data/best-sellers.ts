import type { Config } from '../config.ts'
import type { BestSeller, BestSellersPage } from '../domain/catalogue.ts'
import { PRODUCT } from './catalogue.ts'
import type { Connection } from './database.ts'

/** $1: orders up to this id do not count; $2: products wanted. */
export const BEST_SELLERS_SQL = `select ${PRODUCT}, sold.units, sold.orders, sold.buyers, sold."revenueCents"
   from (select l.product_id, sum(l.quantity)::integer as units, count(*)::integer as orders,
                count(distinct o.email)::integer as buyers,
                sum(l.quantity * l.price_cents)::float8 as "revenueCents"
           from orders o join order_lines l on l.order_id = o.id
          where o.id > $1 and l.order_id > $1
          group by l.product_id
          order by units desc, l.product_id limit $2) sold
   join products p on p.id = sold.product_id
  order by sold.units desc, p.id`

/**
 * The products sold most over the latest orders, with units, orders, distinct buyers and revenue.
 *
 * The shop's heaviest statement, on purpose and honestly: shops do compute this per request until the day it hurts.
 * Its cost does not grow with the order history: it reads a fixed range of ids at the end of two primary keys. The
 * bound is a value of its own (not a subquery) so that the planner knows how short the range is.
 */
export async function findBestSellers(connection: Connection, config: Config): Promise<BestSellersPage> {
  const [latest] = await connection.query<{ readonly id: number | null }>(
    'latest-order',
    'select max(id) as id from orders',
  )
  const lastId = latest?.id ?? 0
  const afterId = Math.max(0, lastId - config.bestSellerOrders)
  const rows = await connection.query<Omit<BestSeller, 'rank'>>('best-sellers', BEST_SELLERS_SQL, [
    afterId,
    config.bestSellers,
  ])
  const products = rows.map((row, index) => ({ ...row, rank: index + 1 }))
  return { products, ordersCounted: lastId - afterId }
}
