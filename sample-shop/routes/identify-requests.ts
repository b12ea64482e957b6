import { randomBytes, randomUUID } from 'node:crypto'
import type { RequestHandler, Response } from 'express'

type Identity = {
  readonly id: string
  /** The caller's W3C trace context; `null` when there is none that is valid. */
  readonly traceparent: string | null
}

const SANE_ID = /^[\w.~:+/=@-]{1,100}$/
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/

/** On the response itself: every request pays for this, and a weak map costs several times as much. */
const IDENTITY = Symbol('identity')
type Identified = Response & { [IDENTITY]?: Identity }

/** Names every request: by the `X-Request-Id` it brings if that is sane, else anew. The answer says it too. */
export function identifyRequests(): RequestHandler {
  return (request, response, next) => {
    const given = request.headers['x-request-id']
    const id = typeof given === 'string' && SANE_ID.test(given) ? given : randomUUID()
    const traceparent = readTraceparent(request.headers['traceparent'])
    ;(response as Identified)[IDENTITY] = { id, traceparent }
    response.setHeader('X-Request-Id', id)
    next()
  }
}

/** Who is behind this response. */
export function identityOf(response: Response): Identity {
  return (response as Identified)[IDENTITY] ?? { id: '', traceparent: null }
}

/** The trace context for a call made on behalf of a request: the same trace, a span of its own. */
export function continueTrace(traceparent: string | null): string | null {
  const [, , trace] = TRACEPARENT.exec(traceparent ?? '') ?? []
  if (trace === undefined) return null
  return `00-${trace}-${randomBytes(8).toString('hex')}-${traceparent!.slice(53, 55)}`
}

/** By the W3C recommendation: ids of nothing but zeros and version ff are invalid; later versions may say more. */
function readTraceparent(header: unknown): string | null {
  if (typeof header !== 'string') return null
  const [, version, trace, parent, more] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return null
  return /^0+$/.test(trace!) || /^0+$/.test(parent!) ? null : header
}
