import { ShopError } from './shop-error.ts'

/** What a shopper is told who came too late for this product. */
export function soldOut(product: number): ShopError {
  return new ShopError(409, 'out-of-stock', `Product ${product} is sold out.`)
}
