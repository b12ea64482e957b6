import type { Address } from './address.ts'
import { CURRENCY } from './money.ts'

export type OrderLine = {
  readonly product: number
  readonly name: string
  readonly quantity: number
  readonly priceCents: number
}

export type Order = {
  readonly id: number
  readonly total: number
  readonly totalCents: number
  readonly currency: typeof CURRENCY
  readonly status: string
}

export type OrderPage = Order & {
  /** Only its first letter and its domain: order ids can be guessed. */
  readonly email: string
  readonly placedAt: string
  readonly lines: readonly OrderLine[]
  /** Only where the owner looks, who sees the whole email too; `null` when the order has none. */
  readonly address?: Address | null
}

/** The order as the shop confirms it: `total` in euros, `totalCents` in cents. */
export function confirmOrder(id: number, totalCents: number, status: string): Order {
  return { id, total: totalCents / 100, totalCents, currency: CURRENCY, status }
}

/** "ada@example.com" → "a…@example.com". */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@')
  return `${email.slice(0, 1)}…${email.slice(at)}`
}

/** An order as a line of its owner's history. */
export type PastOrder = Order & { readonly placedAt: string; readonly pieces: number }

export type OrderHistory = {
  readonly orders: readonly PastOrder[]
  readonly size: number
  readonly page: number
  readonly pages: number
}
