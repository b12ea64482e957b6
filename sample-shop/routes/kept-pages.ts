import type { Request } from 'express'
import { findStock } from '../data/catalogue.ts'
import type { Connection } from '../data/database.ts'
import type { ProductPage } from '../domain/catalogue.ts'
import { readId, readPageNumber, readSearchQuery } from './read-input.ts'
import type { Shop } from './shop.ts'

/** How a page that is the same for everybody is kept in the cache. */
export type Kept<Facts> = {
  readonly shop: Shop
  /** The page's name in the cache and in its metrics. */
  readonly name: string
  /** What tells two of these pages apart: of the request only what decides what is shown. */
  readonly key: (request: Request) => string
  /** Facts that must not be as old as the cache allows, found anew. */
  readonly renew?: (connection: Connection, facts: Facts) => Promise<Facts>
}

const id = (request: Request) => `${readId(request.params['id'])}`

/** The pages of the catalogue, as the cache knows them. */
export const keptPages = (shop: Shop) => ({
  home: { shop, name: 'home', key: () => '' },
  category: {
    shop,
    name: 'category',
    key: (request: Request) => `${id(request)}/${readPageNumber(request)}`,
  },
  product: {
    shop,
    name: 'product',
    key: id,
    // Everything about a product may be some seconds old, except how many pieces there are.
    renew: async (connection: Connection, product: ProductPage) => ({
      ...product,
      onHand: await findStock(connection, product.id),
    }),
  },
  search: { shop, name: 'search', key: readSearchQuery },
  bestSellers: { shop, name: 'best-sellers', key: () => '' },
  newProducts: { shop, name: 'new', key: () => '' },
})
