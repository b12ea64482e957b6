import type { Request } from 'express'
import { z } from 'zod'
import { MOST_LINES, MOST_PIECES } from '../domain/cart.ts'
import { ShopError } from '../domain/shop-error.ts'
import { readCookie } from './cookie.ts'

/** What a field must be, said with what it was instead. */
const expected = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `expected ${what}, got ${describe(input)}`,
})

const LONGEST_SHOWN = 40

function describe(input: unknown): string {
  if (input === undefined) return 'nothing'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object' && input !== null) return 'an object'
  const text = JSON.stringify(input)
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

/** JSON numbers, or the digits a form sends. */
function wholeNumber(what: string, most: number, least = 1) {
  const error = expected(`${what}, a whole number from ${least} to ${most}`)
  const digits = z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
  return z
    .union([z.number(), digits], error)
    .pipe(z.number(error).int(error).min(least, error).max(most, error))
}

const PIECES = 'the number of pieces'

const ITEM = {
  product: wholeNumber('the id of a product', 2_147_483_647),
  quantity: wholeNumber(PIECES, MOST_PIECES),
}

const ITEM_WORDS = 'product and quantity, such as {"product":1,"quantity":2}'

const item = z.object(ITEM, expected(ITEM_WORDS))

const pieces = z.object(
  { quantity: wholeNumber(`${PIECES}, 0 for none`, MOST_PIECES, 0) },
  expected('quantity, such as {"quantity":2}'),
)

/** Printable only: Postgres text cannot hold NUL, and nothing here needs a control character, or half of one (Cs). */
const line = (what: string, most: number) => {
  const error = expected(what)
  return z
    .string(error)
    .trim()
    .min(1, error)
    .max(most, error)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, error)
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const EMAIL = 'an email such as ada@example.com'
const RESERVATION = 'the id that POST /reservations answered'
const LINES = `a list of 1 to ${MOST_LINES} items such as {"product":1,"quantity":2}`

/** Read by `readIdempotencyKey`, unless the header says it. */
const keyField = z.string(expected('a text')).optional()

const checkout = z
  .object(
    {
      email: line(EMAIL, 200).pipe(z.email(expected(EMAIL))),
      items: z
        .array(item, expected(LINES))
        .min(1, expected(LINES))
        .max(MOST_LINES, { error: ({ input }) => `expected ${LINES}, got ${listLength(input)}` })
        .optional(),
      reservation: z.string(expected(RESERVATION)).regex(UUID, expected(RESERVATION)).optional(),
      key: keyField,
    },
    expected('an object such as {"email":"ada@example.com","items":[{"product":1,"quantity":2}]}'),
  )
  .refine(({ items, reservation }) => items === undefined || reservation === undefined, {
    error: 'expected items or a reservation, got both',
  })

const listLength = (input: unknown) => (Array.isArray(input) ? `${input.length}` : describe(input))

const reservation = z.object({ ...ITEM, key: keyField }, expected(ITEM_WORDS))

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
  throw new ShopError(400, 'bad-request', [...new Set(problems)].join('; '))
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
  if (number === null) {
    const message = `page: expected a whole number from 1 to 999999999, got ${describe(page)}`
    throw new ShopError(400, 'bad-request', message)
  }
  return number
}

/** U+FFFD stands for bytes that were no UTF-8. */
const searched = line('words', 100).regex(/^[^\uFFFD]*$/)

/** ?q=. Throws a ShopError 400. */
export function readSearchQuery(request: Request): string {
  const parsed = searched.safeParse(request.query['q'])
  if (!parsed.success)
    throw new ShopError(400, 'bad-request', 'Please search for 1 to 100 printable characters (q).')
  return parsed.data
}

const idempotencyKey = line('1 to 100 printable characters, new ones for each order', 100)

/** The idempotency key of a checkout or reservation: the header, or the field of the HTML form. Throws a ShopError 400. */
export function readIdempotencyKey(request: Request, field: string | undefined): string {
  const parsed = idempotencyKey.safeParse(request.get('Idempotency-Key') ?? field)
  if (!parsed.success) {
    throw new ShopError(400, 'missing-key', `Idempotency-Key: ${parsed.error.issues[0]?.message}`)
  }
  return parsed.data
}

/** True for what could be an idempotency key. */
export const isIdempotencyKey = (text: unknown): text is string => idempotencyKey.safeParse(text).success

/** The shopper's cart id out of the cookie; `null` when there is none or it was tampered with. */
export const readCartCookie = (request: Request) => readCookie(request, 'cart', UUID)

/** The token of a session out of the cookie; `null` when there is none, or none that this shop makes. */
export const readSessionCookie = (request: Request) => readCookie(request, 'session', /^[\w-]{22}$/)
