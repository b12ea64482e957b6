import type { Request, RequestHandler, Response } from 'express'
import { changeReads } from '../data/change-reads.ts'
import type { Connection } from '../data/database.ts'
import { retryAtOnce } from '../data/retry-at-once.ts'
import { renderDocument } from '../views/document.tsx'
import type { Page } from '../views/page.ts'
import { makeFormToken } from './form-token.ts'
import { spentBy } from './measure-response.ts'
import { wroteLately } from './own-writes.ts'
import type { Shop } from './shop.ts'

/** A GET that shows a page: `find` gets one connection, which is back in the pool before anything is rendered. */
export function pageRoute<Facts>(
  shop: Pick<Shop, 'database' | 'config' | 'replicas'>,
  page: Page<Facts>,
  find: (connection: Connection, request: Request) => Promise<Facts>,
): RequestHandler {
  const { config } = shop
  const { database, replicas } = pageReads(shop)
  if (!replicas) {
    return factsRoute(shop, page, (request, response) =>
      database.hold(spentBy(response), (connection) => find(connection, request)),
    )
  }
  return factsRoute(shop, page, (request, response) => {
    const seeing = wroteLately(request, config) ? 'own-writes' : 'recent'
    return replicas.hold(seeing, spentBy(response), (connection) => find(connection, request))
  })
}

/** How pages read: straight from the database, or through replicas. */
export function pageReads({ config, ...ways }: Pick<Shop, 'database' | 'config' | 'replicas'>) {
  if (!config.flaws.has('retry-without-budget')) return ways
  return changeReads(ways, (database) => retryAtOnce(database, config))
}

/** A GET that shows a page of facts, wherever they come from. */
export function factsRoute<Facts>(
  shop: Pick<Shop, 'config'>,
  page: Page<Facts>,
  find: (request: Request, response: Response) => Promise<Facts>,
): RequestHandler {
  return async (request, response) => {
    sendPage(shop, request, response, page, await find(request, response))
  }
}

/**
 * Sends the whole document, or, when `Accept` prefers JSON, the model with the rendered `content` beside it, for front
 * ends that swap it in: both are the same work.
 */
export function sendPage<Facts>(
  { config }: Pick<Shop, 'config'>,
  request: Request,
  response: Response,
  page: Page<Facts>,
  facts: Facts,
): void {
  const { model, title, renderContent } = page(facts)
  const visitor = { formToken: () => makeFormToken(config, request) }
  const wastedRenderings = config.flaws.has('cpu-heavy') ? config.renderVariants - 1 : 0
  // The flaw: every variant of the page there could be is rendered, and one is sent.
  for (let variant = 0; variant < wastedRenderings; variant++) renderContent(visitor)
  const content = renderContent(visitor)
  if (wantsJson(request)) response.json({ ...model, content })
  else response.type('html').send(renderDocument(title, content))
}

/** True when `Accept` prefers JSON to HTML. */
export function wantsJson(request: Request): boolean {
  return request.accepts('html', 'json') === 'json'
}
