import { createHash, timingSafeEqual } from 'node:crypto'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { restock } from '../data/restock.ts'
import { findSalesReport } from '../data/sales-report.ts'
import { FormError } from '../domain/form-error.ts'
import { ShopError } from '../domain/shop-error.ts'
import { adminPage } from '../views/admin.tsx'
import { type Filled, UNFILLED } from '../views/fields.tsx'
import { sendPage, wantsJson } from './answer.ts'
import { answerForm } from './answer-form.ts'
import { ensureCartCookie } from './cookies.ts'
import { requireFormToken } from './guard-forms.ts'
import { keepPrivate } from './keep-private.ts'
import { spentBy } from './measure-response.ts'
import { readRestock } from './read-forms.ts'
import { readId } from './read-input.ts'
import type { Shop } from './shop.ts'

/** The sales report and restocking, for whoever has SHOP_ADMIN_PASSWORD; without that setting there is no such page. */
export function adminRoutes(shop: Shop): Router {
  const { config, database } = shop
  const routes = Router()
  const { adminPassword } = config
  if (adminPassword === null) return routes

  async function show(request: Request, response: Response, filled: Filled): Promise<void> {
    ensureCartCookie(request, response)
    const report = await database.hold(spentBy(response), (connection) =>
      findSalesReport(connection, config.reportDays),
    )
    const restocked = readId(request.query['restocked'])
    sendPage(shop, request, response, adminPage, { report, filled, restocked })
  }

  routes.use('/admin', keepPrivate, demandPassword(adminPassword))
  routes.get('/admin', (request, response) => show(request, response, UNFILLED))
  // Browsers send a Basic password with other sites' forms too, cookie or not.
  routes.post('/admin/restock', requireFormToken(config), (request, response) =>
    answerForm(
      request,
      response,
      ['product', 'quantity'],
      async () => {
        const item = readRestock(request.body)
        const stock = await database.hold(spentBy(response), (connection) =>
          restock(connection, config, item),
        )
        if (!stock) {
          const product = 'There is no such product, or no room for more of it.'
          throw new FormError(404, 'unknown-product', 'Please look at the marked fields.', { product })
        }
        if (wantsJson(request)) response.json({ product: item.product, ...stock })
        else response.redirect(303, `/admin?restocked=${item.product}`)
      },
      (filled) => show(request, response, filled),
    ),
  )
  return routes
}

function demandPassword(password: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(password)
  return (request, response, next) => {
    const encoded = /^Basic ([\w+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const given = Buffer.from(encoded, 'base64')
      .toString()
      .replace(/^[^:]*:/, '')
    // Digests are of one length, so that comparing takes the same time however much is right.
    if (!timingSafeEqual(digest(given), expected)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="Doorbuster admin", charset="UTF-8"')
      throw new ShopError(401, 'password-required', 'This page needs the admin password.')
    }
    next()
  }
}
