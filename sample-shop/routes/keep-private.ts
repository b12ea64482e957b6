import type { RequestHandler } from 'express'

/** Pages that are about one person: no cache keeps them, not even the browser's after signing out. */
export const keepPrivate: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store')
  next()
}
