import type { Product } from '../domain/catalogue.ts'
import { page } from './page.ts'
import { cards, ProductGrid } from './product-card.tsx'

const NOTICE =
  'Very many people are here right now, so this page takes a rest. These are our most popular products.'

type Facts = { readonly title: string; readonly products: readonly Product[] }

/** What stands in for a page that is too dear at the moment. */
export const substitutePage = page({
  model: ({ title, products }: Facts) => ({
    title,
    products: cards(products),
    degraded: true,
    notice: NOTICE,
  }),
  title: ({ title }) => title,
  content: ({ title, products, notice }) => (
    <>
      <h1>{title}</h1>
      <p role="status">{notice}</p>
      <ProductGrid products={products} />
    </>
  ),
})
