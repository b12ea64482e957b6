import { Router } from 'express'
import type { Shop } from './shop.ts'

/** /healthz: the process answers. /readyz: so does its database, and the pool is open. /metrics for Prometheus. */
export function healthRoutes({ database, telemetry }: Shop): Router {
  const routes = Router()
  routes.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  routes.get('/readyz', async (_request, response) => {
    const ready = await database.isReady()
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'not-ready' })
  })
  routes.get('/metrics', async (_request, response) => {
    response.type(telemetry.registry.contentType).send(await telemetry.registry.metrics())
  })
  return routes
}
