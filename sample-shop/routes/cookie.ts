import type { Request } from 'express'

const ANYTHING = /^/

/** The value, as it was sent, of the first cookie of that name that looks like that; `null` when there is none. */
export function readCookie(request: Request, name: string, pattern = ANYTHING): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const text = pair.trim()
    if (!text.startsWith(name) || text[name.length] !== '=') continue
    const value = text.slice(name.length + 1)
    if (pattern.test(value)) return value
  }
  return null
}
