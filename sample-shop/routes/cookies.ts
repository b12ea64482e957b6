import { randomUUID } from 'node:crypto'
import type { CookieOptions, Request, Response } from 'express'
import { readCartCookie, readSessionCookie } from './read-input.ts'

/** Attributes of all our cookies: not for scripts, not for other sites' forms, and not in the clear once we have TLS. */
export function cookieOptions(request: Request): CookieOptions {
  const forwarded = request.get('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase()
  const secure = request.secure || forwarded === 'https'
  return { httpOnly: true, sameSite: 'lax', path: '/', ...(secure && { secure }) }
}

/** Gives a visitor without any cookie a cart, before a form is shown that must be bound to something of theirs. */
export function ensureCartCookie(request: Request, response: Response): void {
  if ((readSessionCookie(request) ?? readCartCookie(request)) !== null) return
  const cart = randomUUID()
  response.cookie('cart', cart, cookieOptions(request))
  // The page about to be rendered binds its forms to this cart as if it had come with the request.
  const { cookie } = request.headers
  request.headers.cookie = cookie ? `${cookie}; cart=${cart}` : `cart=${cart}`
}
