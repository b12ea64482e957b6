import type { Request } from 'express'

/** The value of a cookie as it was sent; `null` when there is none of that name. */
export function readCookie(request: Request, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const text = pair.trim()
    if (text.startsWith(name) && text[name.length] === '=') return text.slice(name.length + 1)
  }
  return null
}
