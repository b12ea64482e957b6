import { createServer } from 'node:http'
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { type Config, readConfig } from './config.ts'
import { openShop } from './open-shop.ts'

const SWEEP_MS = 20
/** A request that is not all there by then never will be; Node.js' own limit is five minutes. */
const REQUEST_WITHIN_MS = 30_000

/** Starts the shop and serves until SIGTERM or SIGINT; then it finishes what is under way and ends. */
function serve(config: Config): void {
  const log = pino({ base: { instance: config.instance } })
  const shop = openShop(config, log)
  const server = createServer(
    { requestTimeout: REQUEST_WITHIN_MS, headersTimeout: REQUEST_WITHIN_MS },
    buildApp(shop),
  )
  // Longer than any balancer keeps its side open: the one that closes first must not be us, in mid-request.
  server.keepAliveTimeout = config.keepAliveMs
  server.on('error', (error) => {
    log.fatal({ reason: error.message }, 'cannot serve')
    process.exit(1)
  })
  server.listen({ port: config.port, host: config.host, backlog: 511 }, () => {
    log.info({ address: server.address(), flaws: [...config.flaws] }, 'serving')
  })

  let ending = false
  const end = (signal: NodeJS.Signals) => {
    if (ending) return
    ending = true
    log.info({ signal }, 'ending')
    setTimeout(() => process.exit(0), config.shutdownMs).unref()
    server.close(() => {
      void shop.close().finally(() => process.exit(0))
    })
    // A connection that answers its last request after this point would be kept alive, so they are swept until the end.
    server.closeIdleConnections()
    setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

try {
  serve(readConfig(process.env))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
