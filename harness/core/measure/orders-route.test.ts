import { expect, it } from 'vitest'
import { ordersRoute } from './orders-route.ts'

it.each([
  [{ 'POST /checkout': {} }, ['POST /cart', 'POST /checkout'], 'POST /checkout'],
  [{ all: {} }, ['GET /orders/:id', 'POST /cart', 'POST /api/Orders'], 'POST /api/Orders'],
  [{ 'POST /buy': {} }, ['POST /buy', 'POST /cart'], 'POST /buy'],
  [{ 'POST /buy': {}, 'POST /cart': {} }, ['POST /buy', 'POST /cart'], null],
  [{ all: {} }, ['GET /checkout'], null],
])('objectives %j, clicked %j: %s', (slo, clicked, expected) => {
  expect(ordersRoute(slo, clicked)).toBe(expected)
})
