import { randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import { type Connection, inTransaction } from '../data/database.ts'
import { findPrices, takeStock } from '../data/orders.ts'
import {
  claimReservation,
  findReservation,
  findReservationByKey,
  insertReservation,
  releaseReservation,
} from '../data/reservations.ts'
import { holdUnits, sellHeldUnits } from '../data/stock-units.ts'
import type { Item } from './cart.ts'
import { isByUnit, type Reservation } from './reservation.ts'
import { ShopError } from './shop-error.ts'

/**
 * Keeps pieces for one shopper. The key is claimed first and the pieces are taken last, as in a checkout: a popular
 * product's row is locked for one statement and the commit.
 */
export async function reserve(
  connection: Connection,
  config: Config,
  key: string,
  item: Item,
): Promise<Reservation> {
  const earlier = await findReservationByKey(connection, key)
  if (earlier) return sameRequest(earlier, item)
  if ((await findPrices(connection, [item.product])).size === 0) {
    throw new ShopError(404, 'unknown-product', `There is no product ${item.product}.`)
  }
  const id = randomUUID()
  const byUnit = isByUnit(config, item.product)
  const { reservationMs: lastsMs, reservationSweepMs, poolTimeoutMs } = config
  // A sweep may have to wait for its connection as long as any page.
  const returnMs = 2 * (reservationSweepMs + poolTimeoutMs)
  await inTransaction(connection, async () => {
    if (!(await insertReservation(connection, { id, key, item, byUnit, lastsMs, returnMs }))) return
    const taken = await (byUnit ? holdUnits(connection, id, item) : takeStock(connection, item))
    if (!taken) throw new ShopError(409, 'sold-out', `Product ${item.product} is sold out.`)
  })
  const made = await findReservationByKey(connection, key)
  if (!made) throw new ShopError(409, 'try-again', 'The reservation under this key was withdrawn just now.')
  return sameRequest(made, item)
}

function sameRequest(reservation: Reservation, { product, quantity }: Item): Reservation {
  if (reservation.product === product && reservation.quantity === quantity) return reservation
  throw new ShopError(422, 'key-reused', 'This idempotency key belongs to another reservation.')
}

/** The reservation, if an order may still claim it. */
export async function openReservation(connection: Connection, id: string): Promise<Reservation> {
  const reservation = await knownReservation(connection, id)
  if (reservation.state === 'held') return reservation
  throw new ShopError(409, `reservation-${reservation.state}`, `This reservation is ${reservation.state}.`)
}

/** The reservation, whatever became of it. */
export async function knownReservation(connection: Connection, id: string | null): Promise<Reservation> {
  const reservation = id === null ? null : await findReservation(connection, id)
  if (!reservation) throw new ShopError(404, 'unknown-reservation', 'There is no such reservation.')
  return reservation
}

/** Within the order's transaction: what was kept is sold. Throws when the time is over, even if nobody swept yet. */
export async function sellReserved(connection: Connection, id: string, order: number): Promise<void> {
  const kept = await claimReservation(connection, id, order)
  if (!kept) {
    await openReservation(connection, id)
    throw new ShopError(409, 'reservation-expired', 'This reservation is expired.')
  }
  if (!kept.byUnit) return
  await sellHeldUnits(connection, id, order)
  if (!(await takeStock(connection, kept))) {
    throw new ShopError(409, 'out-of-stock', `Product ${kept.product} is sold out.`)
  }
}

/** Gives the pieces back before their time; doing it twice changes nothing. What was bought stays bought. */
export async function release(connection: Connection, id: string | null): Promise<Reservation> {
  const { id: known } = await knownReservation(connection, id)
  await inTransaction(connection, () => releaseReservation(connection, known))
  const reservation = await knownReservation(connection, known)
  if (reservation.state === 'claimed') {
    throw new ShopError(409, 'reservation-claimed', 'This reservation is claimed by an order.')
  }
  return reservation
}
