import type { Request, Response } from 'express'
import { FormError } from '../domain/form-error.ts'
import type { Filled } from '../views/fields.tsx'
import { wantsJson } from './answer.ts'

/**
 * Runs what a form asks for. When the person can mend it, `show` gets the form again with what they wrote (only the
 * fields in `kept`: never a password or a card) and what is wrong; programs get the error.
 */
export async function answerForm(
  request: Request,
  response: Response,
  kept: readonly string[],
  work: () => Promise<void>,
  show: (filled: Filled) => Promise<void> | void,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof FormError) || wantsJson(request)) throw error
    response.status(error.status)
    await show({ values: keepValues(request.body, kept), errors: error.fields, problem: error.message })
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
