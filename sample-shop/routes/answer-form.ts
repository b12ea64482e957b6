import type { Request, Response } from 'express'
import { FormError } from '../domain/form-error.ts'
import { RetryLater } from '../domain/retry-later.ts'
import { ShopError } from '../domain/shop-error.ts'
import type { Filled } from '../views/fields.tsx'
import { wantsJson } from './answer.ts'

type Form = {
  /** Fields shown again as they were filled in: never a password or a card. */
  readonly kept: readonly string[]
  /** Codes of further errors that a person mends in this form. */
  readonly mendable?: readonly string[]
  /** Shows the form again. */
  readonly show: (filled: Filled, error: ShopError) => Promise<void> | void
}

/**
 * Runs what a form asks for. When the person can mend it, or send it again in a while, the form is shown again with what
 * they wrote and what is wrong; programs get the error.
 */
export async function answerForm(
  request: Request,
  response: Response,
  { kept, mendable = [], show }: Form,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ShopError) || wantsJson(request)) throw error
    const later = error instanceof RetryLater
    if (!(later || error instanceof FormError || mendable.includes(error.code))) throw error
    response.status(error.status)
    if (later) response.setHeader('Retry-After', error.retryAfterSec)
    const errors = error instanceof FormError ? error.fields : {}
    await show({ values: keepValues(request.body, kept), errors, problem: error.message }, error)
  }
}

function keepValues(body: unknown, kept: readonly string[]): Readonly<Record<string, string>> {
  const given = new Map(Object.entries(body ?? {}))
  const values: Record<string, string> = {}
  for (const name of kept) {
    const value: unknown = given.get(name)
    if (typeof value === 'string') values[name] = value
  }
  return values
}
