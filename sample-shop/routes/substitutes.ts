import { type Request, type RequestHandler, Router } from 'express'
import type { Product } from '../domain/catalogue.ts'
import { renderDocument } from '../views/document.tsx'
import { NOBODY } from '../views/page.ts'
import { substitutePage } from '../views/substitute.tsx'
import { wantsJson } from './answer.ts'
import { readSearchQuery } from './read-input.ts'
import type { Shop } from './shop.ts'

type Degradation = NonNullable<Shop['degradation']>

/** What stands before the dear pages: while the shop is degraded, popular products from memory; else nothing. */
export function substituteRoutes(degradation: Degradation): Router {
  const routes = Router()
  routes.get(
    '/search',
    substitute(degradation, 'search', 'Search', (request) => ({ query: readSearchQuery(request) })),
  )
  routes.get(
    '/best-sellers',
    substitute(degradation, 'best-sellers', 'Best sellers', () => ({ ordersCounted: 0 })),
  )
  return routes
}

/** `fields`: what the page's JSON has in any case; throws a ShopError where the page itself would. */
function substitute(
  { isOn, popular, substituted }: Degradation,
  name: string,
  title: string,
  fields: (request: Request) => object,
): RequestHandler {
  // Rendered once for as long as the products stay the same: a substitute must be cheap for the app too.
  let rendered: ReturnType<typeof render> | null = null
  function render(products: readonly Product[]) {
    const { model, renderContent } = substitutePage({ title, products })
    const content = renderContent(NOBODY)
    return { products, model, content, document: renderDocument(title, content) }
  }
  return (request, response, next) => {
    if (!isOn()) return next()
    const extra = fields(request)
    const products = popular.get()
    if (rendered?.products !== products) rendered = render(products)
    substituted(name)
    if (wantsJson(request)) response.json({ ...rendered.model, ...extra, content: rendered.content })
    else response.type('html').send(rendered.document)
  }
}
