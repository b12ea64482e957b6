import type { Request } from 'express'
import { z } from 'zod'
import { MOST_LINES, MOST_PIECES } from '../domain/cart.ts'
import { ShopError } from '../domain/shop-error.ts'
import { readCookie } from './cookie.ts'

/** JSON numbers, or the digits a form sends. */
const wholeNumber = (most: number, least = 1) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,9}$/)
        .transform(Number),
    ])
    .pipe(z.number().int().min(least).max(most))

const item = z.object({
  product: wholeNumber(2_147_483_647),
  quantity: wholeNumber(MOST_PIECES),
})

const pieces = z.object({ quantity: wholeNumber(MOST_PIECES, 0) })

/** Printable only: Postgres text cannot hold NUL, and nothing here needs a control character. */
const line = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const checkout = z
  .object({
    email: line(200).pipe(z.email()),
    items: z.array(item).min(1).max(MOST_LINES).optional(),
    reservation: z.string().regex(UUID).optional(),
    key: z.string().optional(),
  })
  .refine(({ items, reservation }) => items === undefined || reservation === undefined, {
    error: 'expected items or a reservation, not both',
  })

const reservation = item.extend({ key: z.string().optional() })

/** Body of POST /cart/items. Throws a ShopError 400. */
export const readItem = (body: unknown) => read(item, body)

/** Pieces in the body of POST /cart/items/:product, 0 for none. Throws a ShopError 400. */
export const readPieces = (body: unknown) => read(pieces, body).quantity

/** Body of POST /checkout. Throws a ShopError 400. */
export const readCheckout = (body: unknown) => read(checkout, body)

/** Body of POST /reservations. Throws a ShopError 400. */
export const readReservation = (body: unknown) => read(reservation, body)

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new ShopError(400, 'bad-request', problems.join('; '))
}

/** The id in a path; `null` when it can be no id, which makes it an unknown one. */
export function readId(text: unknown): number | null {
  return typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null
}

/** The id of a reservation in a path; `null` when it can be no id. */
export function readReservationId(text: unknown): string | null {
  return typeof text === 'string' && UUID.test(text) ? text : null
}

/** ?page=, 1 when absent. Throws a ShopError 400. */
export function readPageNumber(request: Request): number {
  const { page } = request.query
  if (page === undefined) return 1
  const number = readId(page)
  if (number === null) throw new ShopError(400, 'bad-request', 'page: expected a whole number from 1')
  return number
}

/** ?q=. Throws a ShopError 400. */
export function readSearchQuery(request: Request): string {
  const parsed = line(100).safeParse(request.query['q'])
  if (!parsed.success)
    throw new ShopError(400, 'bad-request', 'Please search for 1 to 100 printable characters (q).')
  return parsed.data
}

/** The idempotency key of a checkout or reservation: the header, or the field of the HTML form. Throws a ShopError 400. */
export function readIdempotencyKey(request: Request, field: string | undefined): string {
  const parsed = line(100).safeParse(request.get('Idempotency-Key') ?? field)
  if (!parsed.success) {
    throw new ShopError(400, 'missing-key', 'Idempotency-Key: expected 1 to 100 printable characters')
  }
  return parsed.data
}

/** True for what could be an idempotency key. */
export const isIdempotencyKey = (text: unknown): text is string => line(100).safeParse(text).success

/** The shopper's cart id out of the cookie; `null` when there is none or it was tampered with. */
export const readCartCookie = (request: Request) => readCookie(request, 'cart', UUID)

/** The token of a session out of the cookie; `null` when there is none, or none that this shop makes. */
export const readSessionCookie = (request: Request) => readCookie(request, 'session', /^[\w-]{22}$/)
