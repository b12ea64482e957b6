import type { Request, RequestHandler, Response } from 'express'
import type { Config } from '../config.ts'
import { readCookie } from './cookie.ts'
import { cookieOptions } from './cookies.ts'

const WROTE = 'wrote'

/** Gives whoever wrote something a cookie that says when, so that they are shown it though a replica is behind. */
export function markWrites({ ownWritesMs }: Config): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next()
    const writeHead = response.writeHead
    // As late as can be: the time counts from the commit, not from the beginning of a slow checkout.
    response.writeHead = function marked(this: Response, ...head: Parameters<typeof writeHead>) {
      if (this.statusCode < 400) {
        const options = { ...cookieOptions(request), maxAge: ownWritesMs }
        this.cookie(WROTE, Date.now().toString(36), options)
      }
      return writeHead.apply(this, head)
    } as typeof writeHead
    next()
  }
}

/** True when this shopper wrote something within `ownWritesMs`. Not signed: a made-up one only asks the primary. */
export function wroteLately(request: Request, { ownWritesMs }: Config): boolean {
  const wrote = readCookie(request, WROTE)
  return wrote !== null && /^[0-9a-z]{1,10}$/.test(wrote) && Date.now() - parseInt(wrote, 36) < ownWritesMs
}
