/**
 * Why a connection failed, in words: what Node and OpenSSL say of it ("…:SSL routines:ssl3_get_record:…", or nothing at all
 * when several addresses were tried) helps nobody. What is not known is passed on as it is.
 */
export function connectionWords(error: unknown): string {
  const { code, message, errors, cause } = (error ?? {}) as {
    readonly code?: unknown
    readonly message?: unknown
    readonly errors?: readonly unknown[]
    readonly cause?: unknown
  }
  const [first] = errors ?? []
  const known = WORDS.find(([pattern]) => pattern.test(`${String(code ?? '')} ${String(message ?? '')}`))
  if (known) return known[1]
  if (first !== undefined) return connectionWords(first)
  if (cause !== undefined) return connectionWords(cause)
  return String(message || code || error)
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nobody listens there (connection refused)'],
  [/ENOTFOUND|EAI_AGAIN/, 'its host name is not known'],
  [/EHOSTUNREACH|ENETUNREACH/, 'no network leads there'],
  [/ETIMEDOUT|TimeoutError|timeout expired|CONNECT_TIMEOUT/, 'nothing came in time'],
  [
    /wrong version number|packet length too long|http request|EPROTO.*ssl3_get_record|ERR_SSL_WRONG_VERSION_NUMBER/i,
    'what answers there speaks no TLS: http:// instead of https://, most likely',
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/,
    'its certificate is not signed by anybody who is trusted here',
  ],
  [/CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH/, 'its certificate is for another host'],
  [/EPROTO|ERR_SSL|ERR_TLS/, 'TLS cannot be agreed on with what answers there'],
  [/ECONNRESET|EPIPE|socket hang up/, 'it closes the connection without an answer'],
  [/HPE_|Parse Error/, 'what answers there does not speak HTTP: https:// instead of http://, most likely'],
]
