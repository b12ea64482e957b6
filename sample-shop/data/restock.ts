import type { Config } from '../config.ts'
import type { Item } from '../domain/cart.ts'
import { isByUnit } from '../domain/reservation.ts'
import type { Connection } from './database.ts'

export type Stock = { readonly onHand: number; readonly stocked: number }

/** Most pieces a stock ever took in: far more than there are, and sums of it stay within integers. */
const MOST_STOCKED = 2_000_000_000

/**
 * Adds pieces to the stock: `stocked` rises with `on_hand`, so that what was sold stays their difference. `null`
 * when there is no such product, or no room. Where pieces are rows of their own, those come with it.
 */
export async function restock(
  connection: Connection,
  config: Config,
  { product, quantity }: Item,
): Promise<Stock | null> {
  const units = `insert into stock_units (sku, unit)
                 select sku, generate_series(stocked - $2::integer + 1, stocked) from filled`
  const [stock] = await connection.query<Stock>(
    'restock',
    `with filled as (
       update stock set on_hand = on_hand + $2::integer, stocked = stocked + $2::integer
        where sku = $1 and stocked <= ${MOST_STOCKED} - $2::integer returning sku, on_hand, stocked
     )${isByUnit(config, product) ? `, units as (${units})` : ''}
     select on_hand as "onHand", stocked from filled`,
    [product, quantity],
  )
  return stock ?? null
}
