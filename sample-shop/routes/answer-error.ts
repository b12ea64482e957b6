import type { ErrorRequestHandler } from 'express'
import { FormError } from '../domain/form-error.ts'
import { RetryLater } from '../domain/retry-later.ts'
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
    if (known instanceof RetryLater) response.setHeader('Retry-After', known.retryAfterSec)
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
  400: ['bad-request', 'The request could not be read: its body is not what its headers say.'],
  413: ['too-large', 'The request is too large.'],
  415: ['unsupported', 'The request is in a form the shop cannot read.'],
}

/** By the `type` of the body readers' errors: what is wrong, more exactly. */
const WORDS: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'The body is not valid JSON: an object was expected, in UTF-8.',
  'charset.unsupported': 'The body is in a charset the shop cannot read. Send it in UTF-8.',
  'encoding.unsupported':
    'The body is packed in a way the shop cannot read. Send it without Content-Encoding.',
  'parameters.too.many': 'The form has more fields than any form of the shop.',
}

/** Errors of Express and its body readers carry a 4xx status; anything else is ours, and its text stays inside. */
function badRequest(error: unknown): ShopError {
  const { status, type, limit } = readFacts(error)
  if (!(status >= 400 && status < 500)) return new ShopError(500, 'internal', 'The shop failed.', error)
  const [code, message] = CODES[status] ?? CODES[400]!
  if (error instanceof URIError) {
    return new ShopError(status, code, 'The address holds a % that begins no character of UTF-8.', error)
  }
  if (limit !== null) {
    return new ShopError(status, code, `The request is too large: its body may have ${limit} bytes.`, error)
  }
  return new ShopError(status, code, WORDS[type] ?? message, error)
}

type Facts = { readonly status: number; readonly type: string; readonly limit: number | null }

function readFacts(error: unknown): Facts {
  const { status = 500, type, limit } = error instanceof Error ? (error as Error & Partial<Facts>) : {}
  return { status: Number(status), type: String(type), limit: limit ?? null }
}
