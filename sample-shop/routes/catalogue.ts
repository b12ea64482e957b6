import { Router } from 'express'
import { findBestSellers } from '../data/best-sellers.ts'
import { findCategory, findHome, findProduct, searchProducts } from '../data/catalogue.ts'
import { changeReads } from '../data/change-reads.ts'
import { leakConnections } from '../data/leak-connections.ts'
import { findNewProducts } from '../data/new-products.ts'
import { stayInTransaction } from '../data/stay-in-transaction.ts'
import { DOOR_BUSTER } from '../domain/reservation.ts'
import { ShopError } from '../domain/shop-error.ts'
import {
  bestSellersPage,
  categoryPage,
  homePage,
  newProductsPage,
  productPage,
  searchPage,
} from '../views/catalogue.tsx'
import { catalogueRoute } from './catalogue-route.ts'
import { keptPages } from './kept-pages.ts'
import { readId, readPageNumber, readSearchQuery } from './read-input.ts'
import type { Shop } from './shop.ts'

/** The pages that only read: home, category, product, search, best sellers, new products. */
export function catalogueRoutes(shop: Shop): Router {
  const { config } = shop
  const kept = keptPages(shop)
  const keptProduct = { ...kept.product, shop: forProductPages(shop) }
  const routes = Router()
  routes.get(
    '/',
    catalogueRoute(kept.home, homePage, (connection) => findHome(connection, config)),
  )
  routes.get(
    '/categories/:id',
    catalogueRoute(kept.category, categoryPage, async (connection, request) => {
      const id = readId(request.params['id'])
      const page = readPageNumber(request)
      const category = id === null ? null : await findCategory(connection, id, page, config)
      if (!category) throw new ShopError(404, 'unknown-category', 'There is no such category or page.')
      return category
    }),
  )
  routes.get(
    '/products/:id',
    catalogueRoute(keptProduct, productPage, async (connection, request) => {
      const id = readId(request.params['id'])
      const product = id === null ? null : await findProduct(connection, id, config)
      if (!product) throw new ShopError(404, 'unknown-product', 'There is no such product.')
      return config.reservationForm === 1 && id === DOOR_BUSTER ? { ...product, reservable: true } : product
    }),
  )
  routes.get(
    '/search',
    catalogueRoute(kept.search, searchPage, (connection, request) =>
      searchProducts(connection, readSearchQuery(request), config),
    ),
  )
  routes.get(
    '/best-sellers',
    catalogueRoute(kept.bestSellers, bestSellersPage, (connection) => findBestSellers(connection, config)),
  )
  routes.get(
    '/new',
    catalogueRoute(kept.newProducts, newProductsPage, (connection) => findNewProducts(connection, config)),
  )
  return routes
}

/** The shop as product pages see it: two flaws lie in how they hold their connection. */
function forProductPages(shop: Shop): Shop {
  const { flaws, remoteMs, leakEvery } = shop.config
  let flawed = shop
  if (flaws.has('idle-transaction')) {
    flawed = { ...flawed, ...changeReads(flawed, (database) => stayInTransaction(database, remoteMs)) }
  }
  if (flaws.has('connection-leak')) {
    flawed = { ...flawed, ...changeReads(flawed, (database) => leakConnections(database, leakEvery)) }
  }
  return flawed
}
