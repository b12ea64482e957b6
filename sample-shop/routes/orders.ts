import { randomUUID } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import { addToCart, changeInCart, findCart } from '../data/carts.ts'
import type { Connection } from '../data/database.ts'
import { ONE_BY_ONE } from '../data/one-by-one.ts'
import { findPrivateDetails } from '../data/order-details.ts'
import { findOrder } from '../data/orders.ts'
import type { Cart } from '../domain/cart.ts'
import { checkOut } from '../domain/checkout.ts'
import type { OrderPage } from '../domain/order.ts'
import { ShopError } from '../domain/shop-error.ts'
import { SoldOut } from '../domain/sold-out.ts'
import { checkoutPage } from '../views/checkout.tsx'
import { type Filled, UNFILLED } from '../views/fields.tsx'
import { cartPage, orderPage } from '../views/order.tsx'
import { pageRoute, sendPage, wantsJson } from './answer.ts'
import { answerForm } from './answer-form.ts'
import { cookieOptions } from './cookies.ts'
import { findVisitor } from './find-visitor.ts'
import { sendsJson } from './guard-forms.ts'
import { continueTrace, identityOf } from './identify-requests.ts'
import { keepPrivate } from './keep-private.ts'
import { spentBy } from './measure-response.ts'
import { readCheckoutExtras, readCheckoutForm } from './read-forms.ts'
import {
  isIdempotencyKey,
  readCartCookie,
  readCheckout,
  readId,
  readIdempotencyKey,
  readItem,
  readPieces,
  readSessionCookie,
} from './read-input.ts'
import type { Shop } from './shop.ts'

/** Cart, checkout and order page. Forms are answered with a redirect, so that reloading repeats nothing. */
export function orderRoutes(shop: Shop): Router {
  const { config, database, payments, telemetry } = shop
  const routes = Router()
  const { cartItems, orderLines }: Partial<typeof ONE_BY_ONE> = config.flaws.has('n-plus-one')
    ? ONE_BY_ONE
    : {}
  routes.get(
    '/cart',
    keepPrivate,
    pageRoute(shop, cartPage, (connection, request) =>
      findCart(connection, readCartCookie(request), cartItems),
    ),
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
      return json ? findCart(connection, cart, cartItems) : null
    })
    if (!cookie) response.cookie('cart', cart, cookieOptions(request))
    if (model) response.status(201).json(model)
    else response.redirect(303, '/cart')
  })
  routes.post('/cart/items/:product', async (request, response) => {
    const product = readId(request.params['product'])
    if (product === null) throw new ShopError(404, 'unknown-product', 'There is no such product.')
    const quantity = readPieces(request.body)
    const cart = readCartCookie(request)
    const json = wantsJson(request)
    const model = await database.hold(spentBy(response), async (connection) => {
      if (cart !== null) await changeInCart(connection, cart, { product, quantity })
      return json ? findCart(connection, cart, cartItems) : null
    })
    if (model) response.json(model)
    else response.redirect(303, '/cart')
  })
  routes.post('/checkout', async (request, response) => {
    const buy = () => placeOrder(request, response)
    // A reservation's form stands on another page.
    if (!sendsJson(request) && request.body?.reservation !== undefined) return buy()
    const form = {
      kept: ['email', 'name', 'street', 'postcode', 'city', 'country', 'key'],
      mendable: ['cart-changed', 'empty-cart', 'out-of-stock', 'key-reused'],
      show: (filled: Filled, error: ShopError) => {
        // Under its old key the form could only be refused again.
        const key = error.code === 'key-reused' ? null : filled.values['key']
        return showCheckout(request, response, filled, key, error)
      },
    }
    await answerForm(request, response, form, buy)
  })
  routes.get('/checkout', keepPrivate, (request, response) =>
    showCheckout(request, response, UNFILLED, request.query['key']),
  )
  routes.get(
    '/orders/:id',
    keepPrivate,
    pageRoute(shop, orderPage, async (connection, request) => {
      const id = readId(request.params['id'])
      const order = id === null ? null : await findOrder(connection, id, orderLines)
      if (!order) throw new ShopError(404, 'unknown-order', 'There is no such order.')
      return addPrivateDetails(connection, request, order)
    }),
  )

  async function showCheckout(
    request: Request,
    response: Response,
    filled: Filled,
    key: unknown,
    error: ShopError | null = null,
  ): Promise<void> {
    const { cart, visitor } = await database.hold(spentBy(response), async (connection) => ({
      cart: await findCart(connection, readCartCookie(request)),
      visitor: await findVisitor(shop, connection, request),
    }))
    const values = { ...(visitor && { email: visitor.email, name: visitor.name }), ...filled.values }
    sendPage(shop, request, response, checkoutPage, {
      cart,
      key: isIdempotencyKey(key) ? key : randomUUID(),
      signedIn: visitor !== null,
      filled: { ...filled, values, problem: soldOutByName(cart, error) ?? filled.problem },
    })
  }

  async function placeOrder(request: Request, response: Response): Promise<void> {
    const { email, items, reservation, key: field, address, card, seen } = readCheckoutRequest(request)
    const key = readIdempotencyKey(request, field)
    const signedIn = readSessionCookie(request) !== null
    const checkout = {
      key,
      email,
      items: items ?? null,
      reservation: reservation ?? null,
      cart: readCartCookie(request),
      seen: seen ?? null,
      address,
      findOwner: signedIn ? (connection: Connection) => findVisitor(shop, connection, request) : null,
    }
    const traceparent = continueTrace(identityOf(response).traceparent)
    const { order, placed } = await checkOut(database, config, spentBy(response), checkout, () =>
      payments.authorise({ key, card, traceparent }),
    )
    if (placed) telemetry.ordered(order.totalCents)
    if (wantsJson(request)) response.status(201).json(order)
    else response.redirect(303, `/orders/${order.id}`)
  }

  /** The owner sees the whole email and the address; everybody else what anyone may who guesses an order's id. */
  async function addPrivateDetails(
    connection: Connection,
    request: Request,
    order: OrderPage,
  ): Promise<OrderPage> {
    const visitor = await findVisitor(shop, connection, request)
    const details = visitor && (await findPrivateDetails(connection, order.id, visitor.id))
    return details ? { ...order, ...details } : order
  }
  return routes
}

/** A person's form asks for delivery and payment; a program's JSON may leave them out, and so does a reservation's form. */
function readCheckoutRequest(request: Request) {
  if (!sendsJson(request) && request.body?.reservation === undefined) {
    return { ...readCheckoutForm(request.body), items: undefined, reservation: undefined }
  }
  return { ...readCheckout(request.body), ...readCheckoutExtras(request.body), seen: undefined }
}

/** For people, who know a product by its name and find it in their cart; `null` when that is not what went wrong. */
function soldOutByName({ items }: Cart, error: ShopError | null): string | null {
  const item = error instanceof SoldOut && items.find(({ product }) => product === error.product)
  if (!item) return null
  return `“${item.name}” is sold out, or fewer are left than you want. Change the cart and try again: nothing was charged.`
}
