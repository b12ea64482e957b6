import { type Request, type Response, Router } from 'express'
import { knownReservation, release, reserve } from '../domain/reserve.ts'
import { reservationPage } from '../views/reservation.tsx'
import { pageRoute, wantsJson } from './answer.ts'
import { keepPrivate } from './keep-private.ts'
import { spentBy } from './measure-response.ts'
import { readIdempotencyKey, readReservation, readReservationId } from './read-input.ts'
import type { Shop } from './shop.ts'

/** Pieces kept for a while in a flash sale; POST /checkout with `reservation` buys them. */
export function reservationRoutes(shop: Shop): Router {
  const { config, database, sweeper } = shop
  const routes = Router()
  routes.post('/reservations', async (request, response) => {
    const { key: field, ...item } = readReservation(request.body)
    const key = readIdempotencyKey(request, field)
    const reservation = await database.hold(spentBy(response), (connection) =>
      reserve(connection, config, key, item),
    )
    sweeper.wake()
    if (wantsJson(request)) response.status(201).json(reservation)
    else response.redirect(303, `/reservations/${reservation.id}`)
  })
  routes.get(
    '/reservations/:id',
    keepPrivate,
    pageRoute(shop, reservationPage, (connection, request) =>
      knownReservation(connection, readReservationId(request.params['id'])),
    ),
  )
  const letGo = async (request: Request, response: Response) => {
    const id = readReservationId(request.params['id'])
    const reservation = await database.hold(spentBy(response), (connection) => release(connection, id))
    if (wantsJson(request)) response.json(reservation)
    else response.redirect(303, `/reservations/${reservation.id}`)
  }
  routes.delete('/reservations/:id', letGo)
  routes.post('/reservations/:id/release', letGo)
  return routes
}
