import type { ErrorRequestHandler } from 'express'
import { FormError } from '../domain/form-error.ts'
import { ShopError } from '../domain/shop-error.ts'
import { renderDocument } from '../views/document.tsx'
import { errorPage } from '../views/order.tsx'
import { NOBODY } from '../views/page.ts'
import { wantsJson } from './answer.ts'
import type { Shop } from './shop.ts'

/** Turns whatever a route threw into an answer: `{ error: { code, message } }`, or a page that says the same. */
export function answerError({ log }: Shop): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const known = error instanceof ShopError ? error : badRequest(error)
    if (known.status === 500) log.error({ err: error, path: request.path }, 'request failed')
    const sentJson = request.is('json') === 'json' && !request.accepts('html')
    response.status(known.status)
    if (sentJson || wantsJson(request)) {
      const { code, message } = known
      response.json({
        error: known instanceof FormError ? { code, message, fields: known.fields } : { code, message },
      })
    } else {
      const { title, renderContent } = errorPage(known)
      response.type('html').send(renderDocument(title, renderContent(NOBODY)))
    }
  }
}

const CODES: Readonly<Record<number, readonly [string, string]>> = {
  400: ['bad-request', 'The request could not be read.'],
  413: ['too-large', 'The request is too large.'],
  415: ['unsupported', 'The request is in a form the shop cannot read.'],
}

/** Errors of Express and its body readers carry a 4xx status; anything else is ours, and its text stays inside. */
function badRequest(error: unknown): ShopError {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  const [code, message] =
    CODES[status] ?? (status >= 400 && status < 500 ? CODES[400]! : ['internal', 'The shop failed.'])
  return new ShopError(code === 'internal' ? 500 : status, code, message, error)
}
