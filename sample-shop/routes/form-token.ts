import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'
import type { Config } from '../config.ts'
import { FORM_TOKEN_FIELD } from '../views/form-token.tsx'
import { readCartCookie, readSessionCookie } from './read-input.ts'

/** A token only this shop can make, bound to the visitor's session, else cart; `null` when they have neither. */
export function makeFormToken(config: Config, request: Request): string | null {
  const cookie = readSessionCookie(request) ?? readCartCookie(request)
  return cookie === null ? null : signCookie(config, cookie)
}

/**
 * What a form POST's token is worth. `none`: the visitor has no cookie that it could be bound to. `missing`: they have no
 * session, only a cart, and the form has no token: its page may have been opened before there was a cart.
 */
export function checkFormToken(config: Config, request: Request): 'ours' | 'forged' | 'missing' | 'none' {
  // A page opened before signing in has a token of the cart's: it is as much ours.
  const session = readSessionCookie(request)
  const cookies = [session, readCartCookie(request)].filter((cookie) => cookie !== null)
  if (cookies.length === 0) return 'none'
  const body: unknown = request.body
  const given =
    typeof body === 'object' && body !== null && FORM_TOKEN_FIELD in body ? body[FORM_TOKEN_FIELD] : null
  if (given === null && session === null) return 'missing'
  if (typeof given !== 'string') return 'forged'
  return cookies.some((cookie) => isSame(given, signCookie(config, cookie))) ? 'ours' : 'forged'
}

function signCookie({ secret }: Config, cookie: string): string {
  return createHmac('sha256', secret).update(cookie).digest('base64url')
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
