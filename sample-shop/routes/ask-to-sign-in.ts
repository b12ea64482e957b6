import type { Request, Response } from 'express'
import { ShopError } from '../domain/shop-error.ts'
import { wantsJson } from './answer.ts'

/** Sends people to the sign-in page, which leads back here; programs are told. */
export function askToSignIn(request: Request, response: Response, next: string): void {
  if (wantsJson(request)) throw new ShopError(401, 'sign-in-required', 'Please sign in first.')
  response.redirect(303, `/sign-in?next=${next}`)
}
