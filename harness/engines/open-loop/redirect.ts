import type { Answer, HttpRequest } from './transport.ts'

/**
 * The request that an answer asks for instead, `null` when it asks for none. Followed within the site only: whoever is
 * redirected elsewhere, to pay say, leaves what is rehearsed. 307 and 308 keep method and body, 303 makes it a GET, and
 * so do 301 and 302 with a POST, as browsers do (RFC 9110 §15.4).
 */
export function redirected(
  request: HttpRequest,
  { page, location }: Pick<Answer, 'page' | 'location'>,
  origin: string,
): Pick<HttpRequest, 'method' | 'path' | 'body'> | null {
  const status = page?.status ?? 0
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return null
  const target = parsed(location, origin + request.path)
  if (target === null || target.origin !== origin) return null
  const path = target.pathname + target.search
  return status === 307 || status === 308
    ? { method: request.method, path, body: request.body }
    : { method: 'GET', path, body: null }
}

function parsed(location: string, base: string): URL | null {
  try {
    return new URL(location, base)
  } catch {
    return null
  }
}
