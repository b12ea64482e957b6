import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HarnessError } from '../core/errors.ts'
import { toPairs } from '../core/measure/histogram.ts'
import type { Backend } from './backend.ts'
import { Backends } from './backends.ts'
import { type BalancerStats, newCounters, type ServerStats } from './balancer-stats.ts'
import { type BalancerConfig, readServerList } from './config.ts'
import { Exchange, type Hall } from './exchange.ts'
import { HealthChecks } from './health-checks.ts'
import { Tunnel } from './tunnel.ts'
import { WaitingLine } from './waiting-line.ts'

/** How long requests under way may take to end when the balancer is stopped. */
const DRAIN_MS = 1000

export type RunningBalancer = {
  readonly url: string
  readonly adminUrl: string
  stats(): BalancerStats
  /** Takes no more connections, gives requests under way a second, then closes everything. */
  stop(): Promise<void>
}

/** Starts the embedded balancer; rejects with an `environment` HarnessError when a port cannot be had. */
export async function startBalancer(config: BalancerConfig): Promise<RunningBalancer> {
  const backends = new Backends(config)
  const line = new WaitingLine(config.queueTimeoutMs, config.maxQueued)
  const hall: Hall = {
    backends,
    line,
    counters: newCounters(),
    retries: config.retries,
    tunnels: new Set(),
  }
  const stats = () => readStats(hall)

  const front = createServer(
    { keepAliveTimeout: 75_000, requestTimeout: 0, highWaterMark: 65_536 },
    (request, response) => new Exchange(hall, request, response).begin(),
  )
  front.on('upgrade', (request, socket, head) => new Tunnel(hall, request, socket, head).begin())
  const admin = createServer((request, response) => {
    administer(hall, request, response).catch((error: unknown) => {
      if (error instanceof HarnessError) reply(response, 400, error.message)
      else response.destroy()
    })
  })
  await listen(front, config.host, config.port)
  try {
    await listen(admin, config.host, config.adminPort)
  } catch (error) {
    front.close()
    throw error
  }
  const checks = healthChecks(hall, config)

  return {
    url: urlOf(front),
    adminUrl: urlOf(admin),
    stats,
    async stop() {
      checks?.stop()
      const closed = Promise.all([close(front), close(admin)])
      const timer = setTimeout(() => {
        front.closeAllConnections()
        admin.closeAllConnections()
        for (const tunnel of hall.tunnels) tunnel.close()
      }, DRAIN_MS)
      await closed
      clearTimeout(timer)
      backends.close()
    },
  }
}

async function administer(hall: Hall, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = request
  if (method === 'GET' && url === '/stats') return reply(response, 200, JSON.stringify(readStats(hall)))
  if (method === 'GET' && url === '/healthz') return reply(response, 200, '"ok"')
  if (method !== 'PUT' || url !== '/servers') return reply(response, 404, '"no such thing"')
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  hall.backends.replace(readServerList(text), performance.now())
  hall.line.advance()
  reply(response, 200, JSON.stringify(readStats(hall)))
}

function healthChecks(hall: Hall, config: BalancerConfig): HealthChecks | null {
  if (config.healthCheckIntervalMs === null) return null
  return new HealthChecks(
    config.healthCheckIntervalMs,
    config.healthCheckPath,
    () => hall.backends.all(),
    (server) => {
      if (server.healthy) hall.backends.warmUp(server, performance.now())
      hall.line.advance()
    },
  )
}

function readStats({ backends, line, counters }: Hall): BalancerStats {
  const nowMs = performance.now()
  return {
    ...counters,
    queued: line.length,
    servers: backends.all().map((server) => serverStats(server, nowMs)),
    draining: backends.draining().map(({ name, inFlight }) => ({ name, inFlight })),
  }
}

function serverStats(server: Backend, nowMs: number): ServerStats {
  const { name, inFlight, tunnels, queued, requests, responses, errors, responseMsSum } = server
  return {
    name,
    inFlight: inFlight - tunnels,
    tunnels,
    queued,
    requests,
    responses,
    errors,
    responseMsSum,
    responseTimes: toPairs(server.responseTimes),
    weight: server.weight,
    state: !server.healthy ? 'failing' : server.outUntilMs > nowMs ? 'out' : 'up',
    ejections: server.ejections,
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const where = `balancer, ${host}:${port}`
      reject(
        new HarnessError({
          code: 'environment',
          message: `The balancer cannot listen on ${host}:${port} (${cause.message}).`,
          where,
          hint: 'Free the port or choose another.',
          cause,
        }),
      )
    })
    // The kernel cuts the backlog to net.core.somaxconn; a surge of new connections should wait, not be turned away.
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
