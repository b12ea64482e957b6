import type { Item } from '../domain/cart.ts'
import type { Connection } from './database.ts'

/**
 * Takes free units that nobody else is just taking. The list is made once (`materialized`): a plan that ran it again
 * for each row would take more than asked for.
 */
async function take(
  connection: Connection,
  name: string,
  change: 'reservation = $3::uuid' | 'order_id = $3::integer',
  { product, quantity }: Item,
  owner: string | number,
): Promise<boolean> {
  const rows = await connection.query(
    name,
    `with free as materialized (
       select sku, unit from stock_units where sku = $1 and reservation is null and order_id is null
        order by unit limit $2 for update skip locked
     )
     update stock_units u set ${change} from free where u.sku = free.sku and u.unit = free.unit returning u.unit`,
    [product, quantity, owner],
  )
  return rows.length === quantity
}

/** Keeps free units for a reservation; false when there are not that many (roll back: some may be taken). */
export const holdUnits = (connection: Connection, reservation: string, item: Item): Promise<boolean> =>
  take(connection, 'units-hold', 'reservation = $3::uuid', item, reservation)

/** Sells free units to an order; false when there are not that many (roll back: some may be taken). */
export const sellFreeUnits = (connection: Connection, order: number, item: Item): Promise<boolean> =>
  take(connection, 'units-sell', 'order_id = $3::integer', item, order)

/** Sells the units a reservation keeps to the order that claimed it. */
export async function sellHeldUnits(
  connection: Connection,
  reservation: string,
  order: number,
): Promise<void> {
  await connection.query(
    'units-claim',
    'update stock_units set order_id = $2, reservation = null where reservation = $1',
    [reservation, order],
  )
}

/** Frees the units these reservations keep. */
export async function freeUnits(connection: Connection, reservations: readonly string[]): Promise<void> {
  await connection.query(
    'units-free',
    'update stock_units set reservation = null where reservation = any($1::uuid[])',
    [reservations],
  )
}
