import { ShopError } from './shop-error.ts'

/** What a shopper is told who came too late for this product, or asks for more of it than there is. */
export class SoldOut extends ShopError {
  readonly product: number

  constructor(product: number) {
    super(409, 'out-of-stock', `Product ${product} is sold out, or fewer are left than asked for.`)
    this.name = 'SoldOut'
    this.product = product
  }
}
