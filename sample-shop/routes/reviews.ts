import { type Request, type Response, Router } from 'express'
import type { Connection } from '../data/database.ts'
import { findReviews, insertReview } from '../data/reviews.ts'
import { FormError } from '../domain/form-error.ts'
import { ShopError } from '../domain/shop-error.ts'
import { type Filled, UNFILLED } from '../views/fields.tsx'
import { reviewsPage } from '../views/reviews.tsx'
import { sendPage, wantsJson } from './answer.ts'
import { answerForm } from './answer-form.ts'
import { askToSignIn } from './ask-to-sign-in.ts'
import { findVisitor } from './find-visitor.ts'
import { spentBy } from './measure-response.ts'
import { readReview } from './read-forms.ts'
import { readId, readPageNumber } from './read-input.ts'
import type { Shop } from './shop.ts'

/** All reviews of a product, and writing one. */
export function reviewRoutes(shop: Shop): Router {
  const { config, database } = shop
  const routes = Router()

  async function show(request: Request, response: Response, page: number, filled: Filled): Promise<void> {
    const facts = await database.hold(spentBy(response), async (connection) => {
      const id = readId(request.params['id'])
      const reviews = id === null ? null : await findReviews(connection, id, page, config)
      if (!reviews)
        throw new ShopError(404, 'unknown-product', 'There is no such product or page of reviews.')
      return { page: reviews, visitor: await findVisitor(shop, connection, request), filled }
    })
    sendPage(shop, request, response, reviewsPage, facts)
  }

  routes.get('/products/:id/reviews', (request, response) =>
    show(request, response, readPageNumber(request), UNFILLED),
  )
  routes.post('/products/:id/reviews', (request, response) =>
    answerForm(
      request,
      response,
      { kept: ['rating', 'body'], show: (filled) => show(request, response, 1, filled) },
      async () => {
        const id = readId(request.params['id'])
        if (id === null) throw new ShopError(404, 'unknown-product', 'There is no such product.')
        const path = `/products/${id}/reviews`
        const visitor = await database.hold(spentBy(response), (connection) => write(connection, request, id))
        if (!visitor) return askToSignIn(request, response, path)
        if (wantsJson(request)) response.status(201).json({ product: id, author: visitor.name })
        else response.redirect(303, path)
      },
    ),
  )

  /** Who wrote; `null` when nobody is signed in, which is said before anything is said about the review. */
  async function write(connection: Connection, request: Request, product: number) {
    const visitor = await findVisitor(shop, connection, request)
    if (!visitor) return null
    const written = await insertReview(connection, visitor, product, readReview(request.body))
    if (!written) throw new FormError(409, 'already-reviewed', 'You have reviewed this product already.')
    return visitor
  }
  return routes
}
