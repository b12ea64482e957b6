import { createHash } from 'node:crypto'
import type { Item } from './cart.ts'

/** Two carts have the same version when they hold the same, at the same prices. */
export function cartVersion(lines: readonly (Item & { readonly priceCents: number })[]): string {
  const parts = lines.map(({ product, quantity, priceCents }) => `${product} ${quantity} ${priceCents}`)
  return createHash('sha256').update(parts.sort().join()).digest('base64url').slice(0, 16)
}
