import type { Request, RequestHandler } from 'express'
import type { Config } from '../config.ts'
import { ShopError } from '../domain/shop-error.ts'
import { checkFormToken } from './form-token.ts'

/**
 * Refuses forms that another site's page sends in a visitor's name: those of a foreign `Origin`, and those of somebody
 * with a cookie of ours but without our token. JSON needs no token: a browser sends `application/json` to another site
 * only after asking that site, and this one never agrees.
 */
export function guardForms(config: Config): RequestHandler {
  return (request, _response, next) => {
    if (request.method === 'POST' && !sendsJson(request)) {
      if (comesFromElsewhere(request)) {
        throw new ShopError(403, 'foreign-form', 'This form was sent from another site.')
      }
      const token = checkFormToken(config, request)
      // A second tab that was opened before the first one got a cart: the browser says that the form is of this site.
      const saysItIsOurs = token === 'missing' && request.headers.origin !== undefined
      if (token === 'forged' || (token === 'missing' && !saysItIsOurs)) throw forged()
    }
    next()
  }
}

/** For forms that matter even to somebody without a cookie: whoever sends one must have opened its page before. */
export function requireFormToken(config: Config): RequestHandler {
  return (request, _response, next) => {
    if (!sendsJson(request) && checkFormToken(config, request) !== 'ours') throw forged()
    next()
  }
}

function forged(): ShopError {
  const message =
    'This form is too old, or cookies are switched off. Go back, reload the page and send it again.'
  return new ShopError(403, 'forged-form', message)
}

/** True when the body is JSON, which no form can send. */
export function sendsJson(request: Request): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')
}

/** Browsers say where a form comes from. Balancers may rename the host, and no form can set that header of theirs. */
function comesFromElsewhere(request: Request): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return false
  const from = /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase()
  const forwarded = request.get('x-forwarded-host')?.split(',')[0]?.trim()
  return from === undefined || (from !== host?.toLowerCase() && from !== forwarded?.toLowerCase())
}
