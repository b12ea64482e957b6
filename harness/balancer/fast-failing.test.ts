import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { type BalancerSettings, balancerConfigOf } from './config.ts'
import { startBalancer } from './proxy.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serverThat(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const works = () =>
  serverThat((req, res) => req.resume().on('end', () => setTimeout(() => res.end('ok'), 10)))
const failsAtOnce = () => serverThat((_req, res) => res.writeHead(500).end('no'))

async function refuses(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

async function resets(): Promise<string> {
  const server = net.createServer((socket) =>
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function balancerOver(urls: readonly string[], over: Partial<BalancerSettings> = {}) {
  const balancer = await startBalancer(
    balancerConfigOf({
      host: '127.0.0.1',
      port: 0,
      adminPort: 0,
      algorithm: 'least-connections',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 2000,
      servers: urls.map((url, i) => ({ name: `app-${i + 1}`, url })),
      ...over,
    }),
  )
  const agent = new Agent({ connections: 64 })
  cleanups.push(() => balancer.stop())
  cleanups.push(() => agent.destroy())
  const status = async (method: 'GET' | 'POST' = 'GET'): Promise<number> => {
    const { statusCode, body } = await request(balancer.url, {
      dispatcher: agent,
      method,
      body: method === 'POST' ? 'order' : null,
    })
    await body.dump()
    return statusCode
  }
  return { balancer, status }
}

/** Share of errors among `n` requests of 30 shoppers in closed loop, half of them POSTs, which are never repeated. */
async function errorShare(status: (method: 'GET' | 'POST') => Promise<number>, n: number): Promise<number> {
  let left = n
  let errors = 0
  const shopper = async (): Promise<void> => {
    while (left-- > 0) if ((await status(left % 2 ? 'GET' : 'POST')) >= 500) errors++
  }
  await Promise.all(Array.from({ length: 30 }, shopper))
  return errors / n
}

describe('one of three servers fails at once', () => {
  it('least-connections alone sends it most of the load', async () => {
    const { status } = await balancerOver([await works(), await works(), await failsAtOnce()])
    expect(await errorShare(status, 2000)).toBeGreaterThan(0.5)
  })

  it.each([
    { algorithm: 'least-connections', how: 'answers 500', bad: failsAtOnce },
    { algorithm: 'round-robin', how: 'answers 500', bad: failsAtOnce },
    { algorithm: 'random-two', how: 'answers 500', bad: failsAtOnce },
    { algorithm: 'ewma', how: 'answers 500', bad: failsAtOnce },
    { algorithm: 'least-connections', how: 'resets connections', bad: resets },
    { algorithm: 'least-connections', how: 'refuses connections', bad: refuses },
  ] as const)('$algorithm with ejection, one $how: errors below 2 %', async ({ algorithm, bad }) => {
    const { balancer, status } = await balancerOver([await works(), await works(), await bad()], {
      algorithm,
      ejectAfterFailures: 5,
      ejectForMs: 300,
    })
    // Over several returns of the server from its ejection.
    expect(await errorShare(status, 4000)).toBeLessThan(0.02)
    // One that refuses connections is left out for a second at once, ejected or not.
    if (bad !== refuses) expect(balancer.stats().servers[2]!.ejections).toBeGreaterThan(0)
    expect(balancer.stats().servers[0]!.ejections).toBe(0)
  })

  it('takes it back when it has recovered', async () => {
    let well = false
    const url = await serverThat((_req, res) => res.writeHead(well ? 200 : 500).end())
    const { balancer, status } = await balancerOver([await works(), url], {
      ejectAfterFailures: 1,
      ejectForMs: 100,
    })
    await errorShare(status, 100)
    expect(balancer.stats().servers[1]).toMatchObject({ ejections: expect.any(Number), state: 'out' })
    well = true
    const { requests } = balancer.stats().servers[1]!
    while (balancer.stats().servers[1]!.requests < requests + 20) await status()
    expect(balancer.stats().servers[1]!.state).toBe('up')
  })
})

describe('active health checks', () => {
  it('take out a server that says it is not well, and bring it back, though it has no requests', async () => {
    let well = true
    const asked: string[] = []
    const url = await serverThat((req, res) => {
      asked.push(`${req.headers['user-agent']?.includes('health') ? 'check' : 'request'} ${req.url}`)
      res.writeHead(well || req.url !== '/readyz' ? 200 : 503).end()
    })
    const { balancer, status } = await balancerOver([await works(), url], {
      healthCheckIntervalMs: 50,
      healthCheckPath: '/readyz',
    })
    const stateBecomes = async (state: string): Promise<void> => {
      while (balancer.stats().servers[1]!.state !== state) await delay(5)
    }
    expect(balancer.stats().servers[1]!.state).toBe('up')
    well = false
    await stateBecomes('failing')
    expect(new Set(asked)).toEqual(new Set(['check /readyz']))
    for (let i = 0; i < 6; i++) expect(await status()).toBe(200)
    expect(balancer.stats().servers[1]!.requests).toBe(0)
    well = true
    await stateBecomes('up')
    for (let i = 0; i < 6; i++) await status()
    expect(balancer.stats().servers[1]!.requests).toBeGreaterThan(0)
  })

  it('take out a server that is gone or does not answer', async () => {
    const { balancer } = await balancerOver([await works(), await refuses(), await serverThat(() => {})], {
      healthCheckIntervalMs: 50,
    })
    while (balancer.stats().servers.filter(({ state }) => state === 'failing').length < 2) await delay(5)
    expect(balancer.stats().servers[0]!.state).toBe('up')
  })
})

describe('retries', () => {
  it.each([0, 1, 4])('a request that nobody executed is sent %d times more', async (retries) => {
    const { balancer, status } = await balancerOver([await refuses(), await refuses()], { retries })
    expect(await status('POST')).toBe(502)
    const tries = balancer.stats().servers.reduce((sum, { requests }) => sum + requests, 0)
    expect(tries).toBe(retries + 1)
  })
})

describe('a bounded queue', () => {
  it('turns away at once who finds it full', async () => {
    const held: http.ServerResponse[] = []
    const url = await serverThat((_req, res) => held.push(res))
    const { balancer, status } = await balancerOver([url], {
      maxConnectionsPerServer: 1,
      maxQueued: 2,
      queueTimeoutMs: 60_000,
    })
    const first = [status(), status(), status()]
    while (balancer.stats().queued < 2) await delay(5)
    expect(await status()).toBe(503)
    expect(balancer.stats()).toMatchObject({ queued: 2, inFlight: 1, responses: 1, errors: 1 })
    for (let done = 0; done < 3; done++) {
      while (held.length === 0) await delay(2)
      held.shift()!.end()
    }
    expect(await Promise.all(first)).toEqual([200, 200, 200])
  })
})
