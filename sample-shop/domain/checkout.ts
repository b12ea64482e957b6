import { createHash } from 'node:crypto'
import type { Config } from '../config.ts'
import { findCart, takeFromCart } from '../data/carts.ts'
import { type Connection, type Database, inTransaction, type Spent } from '../data/database.ts'
import { insertAddress, insertOwner } from '../data/order-details.ts'
import {
  findOrderByKey,
  findPrices,
  insertOrder,
  lockStock,
  type NewOrder,
  type PlacedOrder,
  takeStock,
} from '../data/orders.ts'
import { writeStatementByStatement } from '../data/statement-by-statement.ts'
import { sellFreeUnits } from '../data/stock-units.ts'
import type { Account } from './account.ts'
import type { Address } from './address.ts'
import { type Item, MOST_LINES, MOST_PIECES, mergeItems } from './cart.ts'
import { cartVersion } from './cart-version.ts'
import { confirmOrder, type Order } from './order.ts'
import { isByUnit } from './reservation.ts'
import { openReservation, sellReserved } from './reserve.ts'
import { ShopError } from './shop-error.ts'
import { SoldOut } from './sold-out.ts'

export type CheckoutRequest = {
  readonly key: string
  readonly email: string
  /** `null`: what is in the cart. */
  readonly items: readonly Item[] | null
  readonly cart: string | null
  /** Version of the cart that the shopper saw when they agreed to buy it; `null` when they did not say. */
  readonly seen: string | null
  /** Instead of items: id of the reservation that keeps them. */
  readonly reservation: string | null
  readonly address: Address | null
  /** Looks up who is signed in; `null` when nobody can be. */
  readonly findOwner: ((connection: Connection) => Promise<Account | null>) | null
}

/** `placed` is false when the key's order was there already: same key and same request give the same order. */
export type CheckoutResult = { readonly order: Order; readonly placed: boolean }

/**
 * Turns a request into a paid order: quote, pay, place. The payment stands outside the transaction and holds no
 * connection (unless a flaw says otherwise); in the transaction the stock comes last, so that a popular product's
 * row is locked for one statement and the commit, not for the whole checkout.
 *
 * A reservation is looked at before the payment (who comes too late is told at once) and claimed after it, in the
 * order's transaction: it may expire while the provider takes its time. A cart's items are taken out of it there, too, so
 * that two tabs with one cart make one order. Then nothing is charged: what precedes the order
 * is an authorisation, which lapses unless an order captures it, and the order that would have is rolled back.
 */
export async function checkOut(
  database: Database,
  config: Config,
  spent: Spent,
  request: CheckoutRequest,
  pay: () => Promise<void>,
): Promise<CheckoutResult> {
  if (config.flaws.has('hot-row')) {
    return database.hold(spent, async (connection) => {
      const quote = await prepare(connection, request)
      if (!('items' in quote)) return replay(quote, request)
      return place(connection, config, request, quote, async () => {
        if (request.reservation === null) await lockStock(connection, quote.items)
        await pay()
      })
    })
  }
  if (config.flaws.has('pool-held')) {
    return database.hold(spent, async (connection) => {
      const quote = await prepare(connection, request)
      if (!('items' in quote)) return replay(quote, request)
      await pay()
      return place(connection, config, request, quote)
    })
  }
  const quote = await database.hold(spent, (connection) => prepare(connection, request))
  if (!('items' in quote)) return replay(quote, request)
  await pay()
  return database.hold(spent, (connection) => place(connection, config, request, quote))
}

/** The order already placed under this key, or the order to place: items merged, known, priced. */
async function prepare(connection: Connection, request: CheckoutRequest): Promise<PlacedOrder | NewOrder> {
  const placed = await findOrderByKey(connection, request.key)
  if (placed) return placed
  const wanted = await findWanted(connection, request)
  const items = mergeItems(wanted)
  if (items.length === 0) {
    if (request.seen !== null)
      throw cartChanged('Your cart is empty by now: it was bought or emptied elsewhere.')
    throw new ShopError(400, 'empty-cart', 'There is nothing to check out: the cart is empty.')
  }
  if (items.length > MOST_LINES || items.some(({ quantity }) => quantity > MOST_PIECES)) {
    const limits = `${MOST_LINES} products, ${MOST_PIECES} pieces of each`
    throw new ShopError(400, 'too-much', `An order holds at most ${limits}.`)
  }
  const prices = await findPrices(
    connection,
    items.map(({ product }) => product),
  )
  let totalCents = 0
  const lines: (Item & { readonly priceCents: number })[] = []
  for (const { product, quantity } of items) {
    const priceCents = prices.get(product)
    if (priceCents === undefined)
      throw new ShopError(404, 'unknown-product', `There is no product ${product}.`)
    totalCents += quantity * priceCents
    lines.push({ product, quantity, priceCents })
  }
  if (request.seen !== null && request.seen !== cartVersion(lines)) {
    throw cartChanged('Your cart has changed since this page was opened. Please look at it again.')
  }
  return { key: request.key, requestHash: hashRequest(request), email: request.email, items, totalCents }
}

/** What the request is about: the reserved pieces, the explicit items, else the cart. */
async function findWanted(
  connection: Connection,
  { reservation, items, cart }: CheckoutRequest,
): Promise<readonly Item[]> {
  if (reservation !== null) return [await openReservation(connection, reservation)]
  return items ?? (await findCart(connection, cart)).items
}

async function place(
  connection: Connection,
  config: Config,
  request: CheckoutRequest,
  order: NewOrder,
  beforehand?: () => Promise<void>,
): Promise<CheckoutResult> {
  const cart = request.items === null ? request.cart : null
  const together = async () => {
    await beforehand?.()
    const claimed = await insertOrder(connection, order)
    if (claimed === null) return null
    await recordDetails(connection, claimed, request)
    if (request.reservation !== null) {
      await sellReserved(connection, request.reservation, claimed)
      return claimed
    }
    if (cart !== null && !(await takeFromCart(connection, cart, order.items))) {
      throw cartChanged('What was in the cart has been bought or taken out meanwhile.')
    }
    // Always from the highest id down: checkouts cannot lock each other out, and the door-buster (id 1) comes last.
    for (const item of order.items) {
      const unitsTaken = !isByUnit(config, item.product) || (await sellFreeUnits(connection, claimed, item))
      if (!unitsTaken || !(await takeStock(connection, item))) throw new SoldOut(item.product)
    }
    return claimed
  }
  const oneByOne = async () => {
    await beforehand?.()
    const claimed = await writeStatementByStatement(connection, order)
    if (claimed === null) return null
    await recordDetails(connection, claimed, request)
    // What is written by now stays written: that is the flaw.
    if (cart !== null) await takeFromCart(connection, cart, order.items)
    return claimed
  }
  // What is reserved, or sold by the unit, changes hands in one piece even under the flaw.
  const whole = request.reservation !== null || order.items.some(({ product }) => isByUnit(config, product))
  const byLine = config.flaws.has('commit-per-line') && !whole
  const id = await (byLine ? oneByOne() : inTransaction(connection, together))
  if (id !== null) return { order: confirmOrder(id, order.totalCents, 'paid'), placed: true }
  const other = await findOrderByKey(connection, request.key)
  if (!other) throw new ShopError(409, 'try-again', 'The order under this key was withdrawn a moment ago.')
  return replay(other, request)
}

function cartChanged(how: string): ShopError {
  return new ShopError(409, 'cart-changed', `${how} Nothing was charged.`)
}

/** Whose the order is and where it goes: before the stock's rows are locked, and no work where there is neither. */
async function recordDetails(
  connection: Connection,
  order: number,
  { address, findOwner }: CheckoutRequest,
): Promise<void> {
  if (address) await insertAddress(connection, order, address)
  const owner = findOwner && (await findOwner(connection))
  if (owner) await insertOwner(connection, order, owner.id)
}

function replay(placed: PlacedOrder, request: CheckoutRequest): CheckoutResult {
  if (placed.requestHash !== hashRequest(request)) {
    const message = `Order ${placed.id} was placed under this key already, for another request. Use a new one.`
    throw new ShopError(422, 'key-reused', message)
  }
  return { order: confirmOrder(placed.id, placed.totalCents, placed.status), placed: false }
}

/** What makes two requests the same: who pays, for what (reservation, explicit items, else cart), and where it goes. */
function hashRequest({ email, items, cart, reservation, address }: CheckoutRequest): string {
  const listed = items ? mergeItems(items).map(({ product, quantity }) => [product, quantity]) : cart
  const what = reservation === null ? listed : { reservation }
  return createHash('sha256')
    .update(JSON.stringify(address ? [email, what, Object.values(address)] : [email, what]))
    .digest('base64url')
}
