import type { Item } from '../domain/cart.ts'
import type { Reservation } from '../domain/reservation.ts'
import type { Connection } from './database.ts'
import { freeUnits } from './stock-units.ts'

export type NewReservation = {
  readonly id: string
  readonly key: string
  readonly item: Item
  readonly byUnit: boolean
  readonly lastsMs: number
  /** Longest time from its expiry until its pieces are back. */
  readonly returnMs: number
}

/** What a reservation keeps away from others. */
type Kept = Item & { readonly id: string; readonly byUnit: boolean }

const KEPT = 'r.id, r.product_id as product, r.quantity, r.by_unit as "byUnit"'

type ReservationRow = Omit<Reservation, 'expiresAt'> & { readonly expiresAt: Date }

async function find(
  connection: Connection,
  name: string,
  column: 'id' | 'idempotency_key',
  value: string,
): Promise<Reservation | null> {
  const [row] = await connection.query<ReservationRow>(
    name,
    `select r.id, r.product_id as product, r.quantity, p.name, p.price_cents as "priceCents",
            r.expires_at as "expiresAt", r.order_id as "order",
            case when r.state = 'held' and r.expires_at <= clock_timestamp() then 'expired' else r.state end as state
       from reservations r join products p on p.id = r.product_id where r.${column} = $1`,
    [value],
  )
  return row ? { ...row, expiresAt: row.expiresAt.toISOString() } : null
}

/** The reservation with this id; `null` when unknown. */
export const findReservation = (connection: Connection, id: string): Promise<Reservation | null> =>
  find(connection, 'reservation', 'id', id)

/** The reservation that was made under this idempotency key, or `null`. */
export const findReservationByKey = (connection: Connection, key: string): Promise<Reservation | null> =>
  find(connection, 'reservation-by-key', 'idempotency_key', key)

/** Claims the idempotency key; false when another reservation holds it. */
export async function insertReservation(connection: Connection, made: NewReservation): Promise<boolean> {
  const { id, key, item, byUnit, lastsMs, returnMs } = made
  const rows = await connection.query(
    'reservation-insert',
    `insert into reservations (id, idempotency_key, product_id, quantity, by_unit, expires_at, return_by)
     values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms', clock_timestamp() + $7 * interval '1 ms')
         on conflict (idempotency_key) do nothing returning id`,
    [id, key, item.product, item.quantity, byUnit, lastsMs, lastsMs + returnMs],
  )
  return rows.length > 0
}

/** Makes an open reservation that order's; `null` when it is not open, or its time is over. */
export async function claimReservation(
  connection: Connection,
  id: string,
  order: number,
): Promise<Kept | null> {
  const [kept] = await connection.query<Kept>(
    'reservation-claim',
    `update reservations r set state = 'claimed', order_id = $2
      where id = $1 and state = 'held' and expires_at > clock_timestamp() returning ${KEPT}`,
    [id, order],
  )
  return kept ?? null
}

/** Gives the pieces of an open reservation back; nothing happens when it is not open. Needs a transaction. */
export async function releaseReservation(connection: Connection, id: string): Promise<void> {
  const released = await connection.query<Kept>(
    'reservation-release',
    `update reservations r set state = 'released' where id = $1 and state = 'held' returning ${KEPT}`,
    [id],
  )
  await giveBack(connection, released)
}

/** Whether there are open reservations, and whether one of them has expired. One look at the end of an index. */
export async function lookForExpired(
  connection: Connection,
): Promise<{ readonly open: boolean; readonly expired: boolean }> {
  const [row] = await connection.query<{ readonly expired: boolean | null }>(
    'reservation-look',
    `select min(expires_at) <= now() as expired from reservations where state = 'held'`,
  )
  const expired = row?.expired ?? null
  return { open: expired !== null, expired: expired === true }
}

/**
 * Gives back the pieces of at most `most` expired reservations and says how many there were. Needs a transaction. Rows
 * that another instance is sweeping, or a checkout is claiming, are left to it.
 */
export async function expireReservations(connection: Connection, most: number): Promise<number> {
  const expired = await connection.query<Kept>(
    'reservation-expire',
    `with due as materialized (
       select id from reservations where state = 'held' and expires_at <= now()
        order by expires_at limit $1 for update skip locked
     )
     update reservations r set state = 'expired' from due where r.id = due.id returning ${KEPT}`,
    [most],
  )
  await giveBack(connection, expired)
  return expired.length
}

async function giveBack(connection: Connection, reservations: readonly Kept[]): Promise<void> {
  const units = reservations.filter(({ byUnit }) => byUnit)
  const pieces = reservations.filter(({ byUnit }) => !byUnit)
  if (units.length > 0)
    await freeUnits(
      connection,
      units.map(({ id }) => id),
    )
  if (pieces.length === 0) return
  // Locked from the highest id down, as checkouts do it: neither can lock the other out.
  await connection.query(
    'stock-return',
    `with back as materialized (
       select s.sku, r.pieces from stock s
         join (select product, sum(quantity)::integer as pieces
                 from unnest($1::integer[], $2::integer[]) as r (product, quantity) group by product) r on r.product = s.sku
        order by s.sku desc for update of s
     )
     update stock set on_hand = on_hand + back.pieces from back where stock.sku = back.sku`,
    [pieces.map(({ product }) => product), pieces.map(({ quantity }) => quantity)],
  )
}
