import type { RequestHandler } from 'express'
import { ShopError } from '../domain/shop-error.ts'

const READ = ['application/json', 'application/x-www-form-urlencoded']

/**
 * Refuses bodies that nothing here reads, which would else be taken for none: 415. A POST without a body needs no type;
 * one in chunks, of which nobody knows yet whether they hold anything, needs none either.
 */
export function refuseBodies(): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'POST' && hasUnreadBody(request.headers) && !request.is(READ)) {
      response.setHeader('Accept', READ.join(', '))
      const type = request.headers['content-type']
      const given = type === undefined ? 'a body without Content-Type' : `a body of the type ${shorten(type)}`
      const message = `The shop reads JSON (application/json) and forms (application/x-www-form-urlencoded), but was sent ${given}.`
      throw new ShopError(415, 'unsupported-type', message)
    }
    next()
  }
}

function hasUnreadBody(headers: Readonly<Record<string, unknown>>): boolean {
  if (headers['content-length'] === '0') return false
  if (headers['content-length'] !== undefined) return true
  return headers['transfer-encoding'] !== undefined && headers['content-type'] !== undefined
}

const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
