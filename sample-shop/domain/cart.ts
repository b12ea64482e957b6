/** What a shopper asks for. */
export type Item = { readonly product: number; readonly quantity: number }

export type CartItem = Item & {
  readonly name: string
  readonly priceCents: number
  readonly lineCents: number
}

export type Cart = { readonly items: readonly CartItem[]; readonly totalCents: number }

/** Most pieces of one product, and most different products, in one order. */
export const MOST_PIECES = 99
export const MOST_LINES = 20

/** One entry a product, quantities of the same product added up, highest product id first. */
export function mergeItems(items: readonly Item[]): readonly Item[] {
  const quantities = new Map<number, number>()
  for (const { product, quantity } of items) {
    quantities.set(product, (quantities.get(product) ?? 0) + quantity)
  }
  return [...quantities]
    .map(([product, quantity]) => ({ product, quantity }))
    .sort((a, b) => b.product - a.product)
}
