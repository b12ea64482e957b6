import { createHash, timingSafeEqual } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Config } from '../config.ts'
import { restock } from '../data/restock.ts'
import { findSalesReport } from '../data/sales-report.ts'
import { FormError } from '../domain/form-error.ts'
import { limitFailures } from '../domain/limit-failures.ts'
import { RetryLater } from '../domain/retry-later.ts'
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

  routes.use('/admin', keepPrivate, demandPassword(adminPassword, config))
  routes.get('/admin', (request, response) => show(request, response, UNFILLED))
  // Browsers send a Basic password with other sites' forms too, cookie or not.
  routes.post('/admin/restock', requireFormToken(config), (request, response) =>
    answerForm(
      request,
      response,
      { kept: ['product', 'quantity'], show: (filled) => show(request, response, filled) },
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
    ),
  )
  return routes
}

/**
 * Lets in who brings the password. Wrong ones are counted in this process: after too many nobody is let in for a while,
 * with the right one neither, or guessing would go on.
 */
function demandPassword(password: string, config: Config): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(password)
  const limit = limitFailures({
    perAddress: config.adminAttempts,
    overall: config.adminAttemptsOverall,
    windowMs: config.signInWindowMs,
  })
  return (request, response, next) => {
    const { authorization } = request.headers
    const address = request.ip ?? ''
    const nowMs = performance.now()
    const waitMs = authorization === undefined ? 0 : limit.waitMs(address, nowMs)
    if (waitMs > 0) {
      const sec = Math.ceil(waitMs / 1000)
      const message = `Too many wrong passwords. Nobody is let in from here for ${sec} s: please try again then.`
      throw new RetryLater(429, 'too-many-attempts', message, sec)
    }
    const encoded = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '')?.[1] ?? ''
    const given = Buffer.from(encoded, 'base64')
      .toString()
      .replace(/^[^:]*:/, '')
    // Digests are of one length, so that comparing takes the same time however much is right.
    if (!timingSafeEqual(digest(given), expected)) {
      // Browsers ask for the page without a password first.
      if (authorization !== undefined) limit.failed(address, nowMs)
      response.setHeader('WWW-Authenticate', 'Basic realm="Doorbuster admin", charset="UTF-8"')
      throw new ShopError(401, 'password-required', 'This page needs the admin password.')
    }
    limit.succeeded(address)
    next()
  }
}
