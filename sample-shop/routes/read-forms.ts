import { z } from 'zod'
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../domain/account.ts'
import { type Address, COUNTRIES, type Country } from '../domain/address.ts'
import { FormError } from '../domain/form-error.ts'
import { ShopError } from '../domain/shop-error.ts'

/** A field of one line, in words for the person who fills it in. */
const line = (what: string, most: number) =>
  z
    .string({ error: `Please enter ${what}.` })
    .trim()
    .min(1, { error: `Please enter ${what}.` })
    .max(most, { error: `At most ${most} characters, please.` })
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: 'Please use letters, digits and signs only.' })

/** JSON numbers, or the digits a form sends. */
const wholeNumber = (most: number, error: string) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^\d{1,9}$/)
          .transform(Number),
      ],
      { error },
    )
    .pipe(z.number({ error }).int({ error }).min(1, { error }).max(most, { error }))

const email = line('your email', 200).pipe(
  z.email({ error: 'Please enter an email such as ada@example.com.' }),
)

/** However it is written, an email is one account. */
const accountEmail = email.transform((text) => text.toLowerCase())

const registration = z.object({
  name: line('your name', 100),
  email: accountEmail,
  password: z
    .string({ error: 'Please choose a password.' })
    .min(SHORTEST_PASSWORD, { error: `At least ${SHORTEST_PASSWORD} characters, please.` })
    .max(LONGEST_PASSWORD, { error: `At most ${LONGEST_PASSWORD} characters, please.` }),
})

const signIn = z.object({
  email: accountEmail,
  password: z
    .string({ error: 'Please enter your password.' })
    .min(1, { error: 'Please enter your password.' })
    .max(LONGEST_PASSWORD, { error: 'This is longer than any password here.' }),
})

const review = z.object({
  rating: wholeNumber(5, 'Please choose 1 to 5 stars.'),
  body: z
    .string({ error: 'Please write what you think of it.' })
    .trim()
    .min(1, { error: 'Please write what you think of it.' })
    .max(1000, { error: 'At most 1000 characters, please.' })
    // Line breaks are all right here; Postgres text cannot hold NUL, and nothing needs the others.
    .regex(/^([^\p{Cc}\p{Cs}]|[\r\n\t])*$/u, { error: 'Please use letters, digits and signs only.' }),
})

const delivery = {
  name: line('the name on the door', 100),
  street: line('street and number', 100),
  postcode: line('the postcode', 12).regex(/^[\p{L}\d][\p{L}\d -]*$/u, {
    error: 'A postcode has letters and digits only.',
  }),
  city: line('the city', 100),
  country: z.enum(Object.keys(COUNTRIES) as [Country, ...Country[]], { error: 'Please choose a country.' }),
}

/** Digits, as printed on the card: with or without blanks. */
const card = line('a card number', 40)
  .transform((text) => text.replaceAll(/[ -]/g, ''))
  .pipe(z.string().regex(/^\d{12,19}$/, { error: 'A card number has 12 to 19 digits.' }))

/** What the page put into its form for us. */
const hidden = z.string({ error: 'Please reload the page.' }).optional()

const checkoutForm = z.object({ email, ...delivery, card, key: hidden, seen: hidden })

const address = z.object(delivery, {
  error: 'Please send an object with name, street, postcode, city and country.',
})

const checkoutExtras = z.object({ address: address.optional(), card: card.optional() })

const restocked = z.object({
  product: wholeNumber(2_147_483_647, 'Please enter the number of a product.'),
  quantity: wholeNumber(1_000_000, 'Please enter 1 to 1,000,000 pieces.'),
})

/** Bodies of the forms, in HTML or JSON. Each throws a FormError 400 that has a word for every wrong field. */
export const readRegistration = (body: unknown) => readForm(registration, body)
export const readSignIn = (body: unknown) => readForm(signIn, body)
export const readReview = (body: unknown) => readForm(review, body)
export const readRestock = (body: unknown) => readForm(restocked, body)

export type CheckoutExtras = { readonly address: Address | null; readonly card: string | null }

/** Body of POST /checkout as the form sends it: delivery and payment are asked for. */
export function readCheckoutForm(body: unknown) {
  const { email, card, key, seen, ...address } = readForm(checkoutForm, body)
  return { email, key, seen, address, card }
}

/** What the JSON body of POST /checkout may hold besides, and need not. */
export function readCheckoutExtras(body: unknown): CheckoutExtras {
  if (typeof body !== 'object' || body === null || !('address' in body || 'card' in body)) {
    return { address: null, card: null }
  }
  const { address, card } = readForm(checkoutExtras, body)
  return { address: address ?? null, card: card ?? null }
}

/** ?next=: where to go after signing in. Only a page of ours: no other host can be reached by it. */
export function readNext(next: unknown): string {
  return typeof next === 'string' && /^\/(?!\/)[\w/-]{0,100}$/.test(next) ? next : '/account'
}

function readForm<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {})
  if (parsed.success) return parsed.data
  const fields: Record<string, string> = {}
  for (const { path, message } of parsed.error.issues) {
    if (path.length === 0)
      throw new ShopError(400, 'bad-request', 'body: expected an object with the form’s fields')
    fields[path.join('.')] ??= message
  }
  throw new FormError(400, 'bad-request', 'Please look at the marked fields.', fields)
}
