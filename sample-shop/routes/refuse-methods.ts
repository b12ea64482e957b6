import { type RequestHandler, Router } from 'express'
import { ShopError } from '../domain/shop-error.ts'

/**
 * Behind all routes: whoever comes as far as this with a path that has routes came with a method that none of them
 * takes, and is told which do (405, Allow).
 */
export function refuseMethods(routers: readonly Router[]): Router {
  const methods = new Map<string, Set<string>>()
  for (const { route } of routers.flatMap(({ stack }) => stack)) {
    if (!route) continue
    const taken = methods.get(route.path) ?? new Set()
    methods.set(route.path, taken)
    for (const { method } of route.stack) taken.add(method.toUpperCase())
    // Express answers HEAD as GET, without the body.
    if (taken.has('GET')) taken.add('HEAD')
  }
  const refusing = Router()
  for (const [path, taken] of methods) refusing.all(path, refuse([...taken].sort()))
  return refusing
}

function refuse(taken: readonly string[]): RequestHandler {
  return ({ method }, response) => {
    response.setHeader('Allow', taken.join(', '))
    const message = `This address does not take ${method}. It takes ${taken.join(', ')}.`
    throw new ShopError(405, 'method-not-allowed', message)
  }
}
