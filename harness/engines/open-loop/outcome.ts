import type { Outcome } from '../../core/record.ts'

/** Outcome of a whole answer: 2xx and 3xx are ok (redirects are not followed); a 503 with Retry-After was shed. */
export function statusOutcome(status: number, hasRetryAfter: boolean): Outcome {
  if (status >= 200 && status < 400) return 'ok'
  return status === 503 && hasRetryAfter ? 'shed' : 'wrong-status'
}

/**
 * Nobody told what became of the request: no answer came, or that of a server which lost the one behind it, be it a
 * balancer without its app (502, 504) or an app without its database (500, 503). It may be done, still be under way, or
 * never have arrived. What was shed was turned away before anything was done.
 */
export function leavesInDoubt(outcome: Outcome, status: number | null): boolean {
  return (
    outcome === 'timeout' ||
    outcome === 'reset' ||
    (outcome === 'wrong-status' && status !== null && status >= 500)
  )
}

const BY_CODE: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  EADDRNOTAVAIL: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  CERT_SIGNATURE_FAILURE: 'tls',
  CERT_CHAIN_TOO_LONG: 'tls',
  CERT_REVOKED: 'tls',
  CERT_REJECTED: 'tls',
  CERT_UNTRUSTED: 'tls',
  INVALID_CA: 'tls',
  INVALID_PURPOSE: 'tls',
  PATH_LENGTH_EXCEEDED: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  EPROTO: 'tls',
}

/** Outcome of an error below HTTP. An answer that breaks the protocol or stops half-way counts as a reset. */
export function errorOutcome(error: unknown): Outcome {
  for (const one of causes(error)) {
    const code = String((one as { code?: unknown }).code ?? '')
    const outcome = BY_CODE[code]
    if (outcome) return outcome
    if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL')) return 'tls'
  }
  return 'reset'
}

/** The error, those it gathers (several addresses tried), and its causes. */
function* causes(error: unknown): Generator<object> {
  if (typeof error !== 'object' || error === null) return
  yield error
  if (error instanceof AggregateError) for (const one of error.errors) yield* causes(one)
  yield* causes((error as { cause?: unknown }).cause)
}
