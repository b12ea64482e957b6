import express, { type Express } from 'express'
import { ShopError } from './domain/shop-error.ts'
import { accountRoutes } from './routes/accounts.ts'
import { adminRoutes } from './routes/admin.ts'
import { answerError } from './routes/answer-error.ts'
import { blockLoop } from './routes/block-loop.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { guardForms } from './routes/guard-forms.ts'
import { healthRoutes } from './routes/health.ts'
import { identifyRequests } from './routes/identify-requests.ts'
import { limitConcurrency } from './routes/limit-concurrency.ts'
import { logRequests } from './routes/log-requests.ts'
import { measureResponses } from './routes/measure-response.ts'
import { orderRoutes } from './routes/orders.ts'
import { markWrites } from './routes/own-writes.ts'
import { refuseBodies } from './routes/refuse-bodies.ts'
import { refuseMethods } from './routes/refuse-methods.ts'
import { reservationRoutes } from './routes/reservations.ts'
import { reviewRoutes } from './routes/reviews.ts'
import type { Shop } from './routes/shop.ts'
import { substituteRoutes } from './routes/substitutes.ts'
import { waitingRoom } from './routes/waiting-room.ts'

/** Pages bring their style along and load nothing. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

/** The shop as an Express app. */
export function buildApp(shop: Shop): Express {
  const app = express()
  const limit = shop.config.bodyLimitBytes
  app.disable('x-powered-by')
  // Who asks is whom the nearest balancer, on this machine or a private network, speaks for (X-Forwarded-For).
  app.set('trust proxy', ['loopback', 'linklocal', 'uniquelocal'])
  app.use(identifyRequests())
  app.use(measureResponses(shop, logRequests(shop)))
  const health = healthRoutes(shop)
  app.use(health)
  app.use((_request, response, next) => {
    response.setHeader('Content-Security-Policy', CONTENT_POLICY)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Vary', 'Accept, Cookie')
    next()
  })
  if (shop.config.waitingRoomAdmitsPerSec > 0) app.use(waitingRoom(shop))
  if (shop.replicas) app.use(markWrites(shop.config))
  if (shop.config.flaws.has('blocked-loop')) app.use(blockLoop(shop.config))
  app.use(refuseBodies(), express.json({ limit }), express.urlencoded({ limit, extended: false }))
  // Behind the bodies: a place inside is not for somebody who has yet to send theirs.
  if (shop.config.maxConcurrent > 0) app.use(limitConcurrency(shop))
  app.use(guardForms(shop.config))
  if (shop.degradation) app.use(substituteRoutes(shop.degradation))
  const routes = [
    catalogueRoutes,
    orderRoutes,
    reservationRoutes,
    accountRoutes,
    reviewRoutes,
    adminRoutes,
  ].map((make) => make(shop))
  app.use(...routes, refuseMethods([health, ...routes]))
  app.use(() => {
    throw new ShopError(404, 'not-found', 'There is no such page.')
  })
  app.use(answerError(shop))
  return app
}
