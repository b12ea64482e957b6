import type { Request, RequestHandler } from 'express'
import type { Connection } from '../data/database.ts'
import { renderDocument } from '../views/document.tsx'
import type { Page } from '../views/page.ts'
import { spentBy } from './measure-response.ts'
import type { Shop } from './shop.ts'

/**
 * A GET that shows a page: `find` gets one connection, which is back in the pool before anything is rendered. Sends
 * the whole document, or, when `Accept` prefers JSON, the model with the rendered `content` beside it, for front ends
 * that swap it in: both are the same work.
 */
export function pageRoute<Facts>(
  { database, config }: Shop,
  page: Page<Facts>,
  find: (connection: Connection, request: Request) => Promise<Facts>,
): RequestHandler {
  const wastedRenderings = config.flaws.has('cpu-heavy') ? config.renderVariants - 1 : 0
  return async (request, response) => {
    const facts = await database.hold(spentBy(response), (connection) => find(connection, request))
    const { model, title, renderContent } = page(facts)
    // The flaw: every variant of the page there could be is rendered, and one is sent.
    for (let variant = 0; variant < wastedRenderings; variant++) renderContent()
    const content = renderContent()
    if (wantsJson(request)) response.json({ ...model, content })
    else response.type('html').send(renderDocument(title, content))
  }
}

/** True when `Accept` prefers JSON to HTML. */
export function wantsJson(request: Request): boolean {
  return request.accepts('html', 'json') === 'json'
}
