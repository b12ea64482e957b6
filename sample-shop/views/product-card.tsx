import type { ComponentChild } from 'preact'
import type { Product } from '../domain/catalogue.ts'
import { formatCount } from '../domain/count.ts'
import { formatCents } from '../domain/money.ts'
import { Picture } from './picture.tsx'

/** A product with what its card says. */
export type Card<P extends Product = Product> = P & { readonly url: string; readonly price: string }

/** Works out what a product's card says. */
export function card<P extends Product>(product: P): Card<P> {
  return { ...product, url: `/products/${product.id}`, price: formatCents(product.priceCents) }
}

export const cards = <P extends Product>(products: readonly P[]): readonly Card<P>[] => products.map(card<P>)

/** Stars for eyes, the number for everyone: "★★★★☆ 4.2 of 5 (17)". */
export const Stars = ({ rating, reviewCount }: Pick<Product, 'rating' | 'reviewCount'>) => {
  if (reviewCount === 0) return <span class="soft">No reviews yet</span>
  const full = Math.round(rating)
  return (
    <span class="soft">
      <span aria-hidden="true">{'★'.repeat(full) + '☆'.repeat(5 - full)}</span> {rating} of 5 (
      {formatCount(reviewCount)})
    </span>
  )
}

type Grid<P extends Product> = {
  readonly products: readonly Card<P>[]
  /** Adds a line to each card. */
  readonly note?: (product: Card<P>) => ComponentChild
}

/** Products as a grid of cards. */
export const ProductGrid = <P extends Product>({ products, note }: Grid<P>) => (
  <ul class="grid">
    {products.map((product) => (
      <li class="card" key={product.id}>
        <a href={product.url}>
          <Picture id={product.id} />
          <span class="name">{product.name}</span>
          <span class="price">{product.price}</span>
          <Stars rating={product.rating} reviewCount={product.reviewCount} />
          {note?.(product)}
        </a>
      </li>
    ))}
  </ul>
)
