import { randomUUID } from 'node:crypto'
import { Router } from 'express'
import { addToCart, findCart } from '../data/carts.ts'
import { findOrder } from '../data/orders.ts'
import { checkOut } from '../domain/checkout.ts'
import { ShopError } from '../domain/shop-error.ts'
import { cartPage, orderPage } from '../views/order.tsx'
import { pageRoute, wantsJson } from './answer.ts'
import { continueTrace, identityOf } from './identify-requests.ts'
import { spentBy } from './measure-response.ts'
import { readCartCookie, readCheckout, readId, readIdempotencyKey, readItem } from './read-input.ts'
import type { Shop } from './shop.ts'

/** Cart, checkout and order page. Forms are answered with a redirect, so that reloading repeats nothing. */
export function orderRoutes(shop: Shop): Router {
  const { config, database, payments, telemetry } = shop
  const routes = Router()
  routes.get(
    '/cart',
    pageRoute(shop, cartPage, (connection, request) => findCart(connection, readCartCookie(request))),
  )
  routes.post('/cart/items', async (request, response) => {
    const item = readItem(request.body)
    const cookie = readCartCookie(request)
    const cart = cookie ?? randomUUID()
    const json = wantsJson(request)
    const model = await database.hold(spentBy(response), async (connection) => {
      if (!(await addToCart(connection, cart, item))) {
        throw new ShopError(404, 'unknown-product', `There is no product ${item.product}.`)
      }
      return json ? findCart(connection, cart) : null
    })
    if (!cookie) response.cookie('cart', cart, { httpOnly: true, sameSite: 'lax', path: '/' })
    if (model) response.status(201).json(model)
    else response.redirect(303, '/cart')
  })
  routes.post('/checkout', async (request, response) => {
    const { email, items, reservation, key } = readCheckout(request.body)
    const wanted = {
      key: readIdempotencyKey(request, key),
      email,
      items: items ?? null,
      reservation: reservation ?? null,
      cart: readCartCookie(request),
    }
    const traceparent = continueTrace(identityOf(response).traceparent)
    const { order, placed } = await checkOut(database, config, spentBy(response), wanted, () =>
      payments.authorise({ key: wanted.key, traceparent }),
    )
    if (placed) telemetry.ordered(order.totalCents)
    if (wantsJson(request)) response.status(201).json(order)
    else response.redirect(303, `/orders/${order.id}`)
  })
  routes.get(
    '/orders/:id',
    pageRoute(shop, orderPage, async (connection, request) => {
      const id = readId(request.params['id'])
      const order = id === null ? null : await findOrder(connection, id)
      if (!order) throw new ShopError(404, 'unknown-order', 'There is no such order.')
      return order
    }),
  )
  return routes
}
