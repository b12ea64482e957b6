import type { Request, RequestHandler } from 'express'
import type { Connection } from '../data/database.ts'
import type { Page } from '../views/page.ts'
import { factsRoute, pageReads, pageRoute } from './answer.ts'
import type { Kept } from './kept-pages.ts'
import { spentBy } from './measure-response.ts'

/** A page that is the same for everybody: it may come out of the cache, and be read from any replica. */
export function catalogueRoute<Facts>(
  { shop, name, key, renew }: Kept<Facts>,
  page: Page<Facts>,
  find: (connection: Connection, request: Request) => Promise<Facts>,
): RequestHandler {
  const { cache } = shop
  if (!cache && !shop.replicas) return pageRoute(shop, page, find)
  const { database, replicas } = pageReads(shop)
  return factsRoute(shop, page, async (request, response) => {
    const spent = spentBy(response)
    const read = <T>(work: (connection: Connection) => Promise<T>) =>
      replicas ? replicas.hold('recent', spent, work) : database.hold(spent, work)
    const findAll = () => read((connection) => find(connection, request))
    if (!cache) return findAll()
    const { facts, fresh } = await cache.find(name, key(request), spent, findAll)
    return fresh || !renew ? facts : read((connection) => renew(connection, facts))
  })
}
