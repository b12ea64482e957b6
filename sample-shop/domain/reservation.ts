import type { Config } from '../config.ts'
import type { Item } from './cart.ts'

/** The product of the flash sale. */
export const DOOR_BUSTER = 1

export type ReservationState = 'held' | 'claimed' | 'released' | 'expired'

/** Pieces kept for one shopper until they are bought, released or the time is over. */
export type Reservation = Item & {
  readonly id: string
  readonly name: string
  readonly priceCents: number
  readonly expiresAt: string
  /** `expired` from the very moment on, whether its pieces were given back yet or not. */
  readonly state: ReservationState
  /** The order that claimed it. */
  readonly order: number | null
}

/** Whether this product's pieces are rows of their own. */
export function isByUnit(config: Config, product: number): boolean {
  return config.reservationMode === 'units' && product === DOOR_BUSTER
}
