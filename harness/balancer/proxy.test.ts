import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { BalancerStats } from './balancer-stats.ts'
import { type BalancerSettings, balancerConfigOf } from './config.ts'
import { type RunningBalancer, startBalancer } from './proxy.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function httpServer(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that speaks raw TCP, for what no HTTP server would do. */
async function rawServer(onRequest: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => onRequest(socket))
    cleanups.push(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A port that was free a moment ago: it refuses connections. */
async function refusingUrl(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

async function balancerOver(urls: readonly string[], over: Partial<BalancerSettings> = {}) {
  const balancer = await startBalancer(
    balancerConfigOf({
      host: '127.0.0.1',
      port: 0,
      adminPort: 0,
      algorithm: 'round-robin',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 2000,
      servers: urls.map((url, i) => ({ name: `app-${i + 1}`, url })),
      ...over,
    }),
  )
  const agent = new Agent({ connections: 256 })
  cleanups.push(() => balancer.stop())
  cleanups.push(() => agent.destroy())
  const get = async (path = '/', options: { method?: 'GET' | 'POST' | 'PUT'; body?: string } = {}) => {
    const { statusCode, headers, body } = await request(balancer.url + path, {
      dispatcher: agent,
      ...options,
    })
    return { status: statusCode, headers, text: await body.text() }
  }
  return { balancer, get, agent }
}

/** Requests are accounted for: none is counted twice and none is forgotten. */
function expectBooksToBalance(stats: BalancerStats): void {
  expect(stats.responses + stats.aborted + stats.inFlight + stats.queued).toBe(stats.requests)
}

async function eventually(
  stats: () => BalancerStats,
  holds: (stats: BalancerStats) => boolean,
): Promise<void> {
  while (!holds(stats())) await delay(5)
}

async function putServers(balancer: RunningBalancer, servers: unknown): Promise<number> {
  const response = await request(`${balancer.adminUrl}/servers`, {
    method: 'PUT',
    body: JSON.stringify(servers),
  })
  await response.body.dump()
  return response.statusCode
}

describe('passing on', () => {
  it('passes method, path, headers and body both ways, without what belongs to one connection', async () => {
    let seen: { method?: string; url?: string; headers?: http.IncomingHttpHeaders; body?: string } = {}
    const url = await httpServer(async (req, res) => {
      let body = ''
      for await (const chunk of req.setEncoding('utf8')) body += chunk
      seen = { method: req.method!, url: req.url!, headers: req.headers, body }
      res.writeHead(201, 'Made', [
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Hop', 'no', 'Connection', 'X-Hop'],
        ...['Content-Type', 'text/plain'],
      ])
      res.end('answer')
    })
    const { balancer } = await balancerOver([url])
    const { hostname, port } = new URL(balancer.url)
    const answer = await new Promise<{ res: http.IncomingMessage; text: string }>((resolve, reject) => {
      const req = http.request(
        {
          hostname,
          port,
          method: 'POST',
          path: '/checkout?x=1',
          headers: {
            Host: 'shop.example',
            'X-Forwarded-For': '192.0.2.1',
            Connection: 'keep-alive, X-Secret',
            'X-Secret': 'mine',
            'X-Doorbuster-Run': 'r1',
            'Transfer-Encoding': 'chunked',
            Expect: '100-continue',
          },
        },
        async (res) => {
          let text = ''
          for await (const chunk of res.setEncoding('utf8')) text += chunk
          resolve({ res, text })
        },
      )
      req.on('error', reject)
      req.on('continue', () => req.end('order'))
    })
    expect(seen).toMatchObject({ method: 'POST', url: '/checkout?x=1', body: 'order' })
    expect(seen.headers).toMatchObject({ host: 'shop.example', 'x-doorbuster-run': 'r1' })
    expect(seen.headers?.['x-forwarded-for']).toBe('192.0.2.1, 127.0.0.1')
    expect(seen.headers).not.toHaveProperty('x-secret')
    expect(seen.headers).not.toHaveProperty('expect')
    expect(answer.res.statusCode).toBe(201)
    expect(answer.res.statusMessage).toBe('Made')
    expect(answer.res.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.res.headers).not.toHaveProperty('x-hop')
    expect(answer.text).toBe('answer')
  })

  it('streams an answer as it comes, and holds the server back when the client does not read', async () => {
    let sent = 0
    let blocked: () => void = () => {}
    const isBlocked = new Promise<void>((resolve) => {
      blocked = resolve
    })
    const chunk = Buffer.alloc(65_536, 'x')
    const url = await httpServer((_req, res) => {
      const send = () => {
        while (sent < 1000) {
          sent++
          if (!res.write(chunk)) break
        }
        if (sent === 1000) res.end()
        else res.once('drain', send)
        // No chunk was taken for half a second: everything between server and client is full.
        clearTimeout(timer)
        timer = setTimeout(blocked, 500)
      }
      let timer = setTimeout(blocked, 500)
      send()
    })
    const { balancer } = await balancerOver([url])
    const { body } = await request(balancer.url)
    await isBlocked
    expect(sent).toBeLessThan(1000)
    let bytes = 0
    for await (const part of body) bytes += (part as Buffer).length
    expect(bytes).toBe(1000 * chunk.length)
  })

  it('keeps connections to client and server: 50 requests, one connection each side', async () => {
    const sockets = new Set<net.Socket>()
    const url = await httpServer((req, res) => {
      sockets.add(req.socket)
      res.end('ok')
    })
    const { balancer } = await balancerOver([url])
    const agent = new Agent({ connections: 1 })
    cleanups.push(() => agent.destroy())
    for (let i = 0; i < 50; i++) {
      const { body } = await request(balancer.url, { dispatcher: agent, method: i % 2 ? 'GET' : 'POST' })
      await body.dump()
    }
    expect(sockets.size).toBe(1)
  })

  it('answers 200 requests at once, all right, over two servers', async () => {
    const counts = [0, 0]
    const urls = await Promise.all(
      counts.map((_, i) =>
        httpServer((req, res) => {
          counts[i]!++
          setTimeout(() => res.end(req.url), 20)
        }),
      ),
    )
    const { balancer, get } = await balancerOver(urls)
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => get(`/products/${i}`)))
    answers.forEach((answer, i) => {
      expect(answer).toMatchObject({ status: 200, text: `/products/${i}` })
    })
    expect(counts).toEqual([100, 100])
    const stats = balancer.stats()
    expect(stats).toMatchObject({ requests: 200, responses: 200, errors: 0, aborted: 0, inFlight: 0 })
    expect(stats.upstreamMsSum).toBeGreaterThanOrEqual(200 * 18)
    expect(stats.serviceMsSum).toBeGreaterThanOrEqual(stats.upstreamMsSum)
    expect(stats.servers.map(({ responses }) => responses)).toEqual([100, 100])
  })
})

describe('servers that fail', () => {
  it('tries another server when one refuses, leaves that one out for a second, then asks it again', async () => {
    const dead = await refusingUrl()
    const alive = await httpServer((_req, res) => res.end('alive'))
    const { balancer, get } = await balancerOver([dead, alive])
    for (let i = 0; i < 6; i++) {
      expect(
        await get('/', { method: i % 2 ? 'GET' : 'POST', ...(i % 2 ? {} : { body: 'b' }) }),
      ).toMatchObject({
        status: 200,
        text: 'alive',
      })
    }
    const [first] = balancer.stats().servers
    expect(first).toMatchObject({ requests: 1, errors: 1 })
    expect(balancer.stats()).toMatchObject({ requests: 6, responses: 6, errors: 0 })
    await delay(1050)
    await get()
    await get()
    expect(balancer.stats().servers[0]).toMatchObject({ requests: 2, errors: 2 })
  })

  it('answers 502 when every server refuses', async () => {
    const { balancer, get } = await balancerOver([await refusingUrl(), await refusingUrl()])
    expect((await get()).status).toBe(502)
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(502)
    expect(balancer.stats()).toMatchObject({ requests: 2, responses: 2, errors: 2 })
  })

  it.each(['POST', 'PUT'] as const)(
    'repeats a GET that was reset before an answer, and never a %s with a body',
    async (method) => {
      let resets = 0
      const resetting = await rawServer((socket) => {
        resets++
        socket.resetAndDestroy()
      })
      const alive = await httpServer((req, res) => req.resume().on('end', () => res.end('alive')))
      const { get } = await balancerOver([resetting, alive])
      expect(await get()).toMatchObject({ status: 200, text: 'alive' })
      expect(resets).toBe(1)
      const posts = [await get('/', { method, body: 'a' }), await get('/', { method, body: 'b' })]
      expect(posts.map(({ status }) => status).toSorted()).toEqual([200, 502])
      expect(resets).toBe(2)
    },
  )

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('breaks the client connection when an answer %s ends half-way', async (_name, head) => {
    const url = await rawServer((socket) => socket.write(head, () => socket.destroySoon()))
    const { balancer, get } = await balancerOver([url])
    await expect(get()).rejects.toThrow()
    expect(balancer.stats()).toMatchObject({ requests: 1, responses: 1, errors: 1, inFlight: 0 })
  })

  it('counts 5xx of a server as its errors and passes them on', async () => {
    const url = await httpServer((_req, res) => res.writeHead(500).end('no'))
    const { balancer, get } = await balancerOver([url])
    expect(await get()).toMatchObject({ status: 500, text: 'no' })
    expect(balancer.stats().servers[0]).toMatchObject({ errors: 1, responses: 1 })
  })

  it('aborts the request at the server when the client goes', async () => {
    let aborted: () => void = () => {}
    const isAborted = new Promise<void>((resolve) => {
      aborted = resolve
    })
    const url = await httpServer((_req, res) => res.on('close', aborted))
    const { balancer } = await balancerOver([url])
    const controller = new AbortController()
    const asked = request(balancer.url, { signal: controller.signal })
    await eventually(balancer.stats, ({ inFlight }) => inFlight === 1)
    controller.abort()
    await expect(asked).rejects.toThrow()
    await isAborted
    await eventually(balancer.stats, ({ aborted: n }) => n === 1)
    expectBooksToBalance(balancer.stats())
    expect(balancer.stats()).toMatchObject({ inFlight: 0, responses: 0, errors: 0 })
  })
})

describe('a limit of requests a server', () => {
  async function heldServer() {
    const held: http.ServerResponse[] = []
    const arrived: string[] = []
    let most = 0
    const url = await httpServer((req, res) => {
      held.push(res)
      arrived.push(req.url ?? '')
      most = Math.max(most, held.length)
    })
    return { url, held, arrived, most: () => most }
  }

  it('lets the rest wait in order, and never exceeds it', async () => {
    const { url, held, arrived, most } = await heldServer()
    const { balancer, get } = await balancerOver([url], {
      maxConnectionsPerServer: 2,
      queueTimeoutMs: 20_000,
    })
    const asked = []
    for (let i = 0; i < 6; i++) {
      asked.push(get(`/${i}`))
      await eventually(balancer.stats, ({ requests }) => requests === i + 1)
    }
    await eventually(balancer.stats, ({ inFlight, queued }) => inFlight === 2 && queued === 4)
    for (let left = 6; left > 0; left--) {
      while (held.length < Math.min(2, left)) await delay(2)
      held.shift()!.end()
    }
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
    expect(arrived.slice(0, 2).toSorted()).toEqual(['/0', '/1'])
    expect(arrived.slice(2)).toEqual(['/2', '/3', '/4', '/5'])
    expect(most()).toBe(2)
    expectBooksToBalance(balancer.stats())
  })

  it('sheds with 503 and Retry-After after the queue timeout, and forgets clients that left the queue', async () => {
    const { url } = await heldServer()
    const { balancer, get, agent } = await balancerOver([url], {
      maxConnectionsPerServer: 1,
      queueTimeoutMs: 150,
    })
    get('/held').catch(() => {})
    await eventually(balancer.stats, ({ inFlight }) => inFlight === 1)
    const controller = new AbortController()
    const left = request(`${balancer.url}/left`, { dispatcher: agent, signal: controller.signal })
    await eventually(balancer.stats, ({ queued }) => queued === 1)
    controller.abort()
    await expect(left).rejects.toThrow()
    await eventually(balancer.stats, ({ queued, aborted }) => queued === 0 && aborted === 1)
    const shed = await get('/shed')
    expect(shed.status).toBe(503)
    expect(shed.headers['retry-after']).toBe('1')
    expect(balancer.stats()).toMatchObject({ errors: 1, responses: 1, inFlight: 1, queued: 0 })
    expectBooksToBalance(balancer.stats())
  })

  it('with ip-hash a client waits for its own server, even when another is free', async () => {
    const servers = [await heldServer(), await heldServer()]
    const { balancer, get } = await balancerOver(
      servers.map(({ url }) => url),
      { algorithm: 'ip-hash', maxConnectionsPerServer: 1 },
    )
    const asked = [get('/1'), get('/2')]
    await eventually(balancer.stats, ({ inFlight, queued }) => inFlight === 1 && queued === 1)
    const [one, two] = balancer.stats().servers
    expect([one!.queued, two!.queued].toSorted()).toEqual([0, 1])
    const own = servers.find(({ held }) => held.length > 0)!
    for (let i = 0; i < 2; i++) {
      while (own.held.length === 0) await delay(2)
      own.held.shift()!.end()
    }
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
    expect(balancer.stats().servers.map(({ queued }) => queued)).toEqual([0, 0])
  })
})

describe('administration', () => {
  it('swaps the list of servers under load without losing a request', async () => {
    const urls = await Promise.all(
      [1, 2, 3].map((n) =>
        httpServer((req, res) => req.resume().on('end', () => setTimeout(() => res.end(`app-${n}`), 15))),
      ),
    )
    const { balancer, get } = await balancerOver(urls.slice(0, 1), { algorithm: 'least-connections' })
    const lists = [[0, 1], [1, 2], [2], [0, 1, 2], [0]].map((list) =>
      list.map((i) => ({ name: `app-${i + 1}`, url: urls[i]! })),
    )
    let swapping = true
    const seen = new Set<string>()
    const clients = Array.from({ length: 40 }, async () => {
      for (let i = 0; swapping; i++) {
        // A POST must not be repeated elsewhere, so it shows whether a server that goes may finish what it has.
        const { status, text } = await (i % 2 ? get() : get('/', { method: 'POST', body: 'order' }))
        expect(status).toBe(200)
        seen.add(text)
      }
    })
    for (const list of [...lists, ...lists]) {
      const { requests } = balancer.stats()
      await eventually(balancer.stats, (stats) => stats.requests > requests + 100)
      expect(await putServers(balancer, list)).toBe(200)
    }
    swapping = false
    await Promise.all(clients)
    expect([...seen].toSorted()).toEqual(['app-1', 'app-2', 'app-3'])
    expect(balancer.stats()).toMatchObject({ errors: 0, aborted: 0, inFlight: 0, queued: 0 })
    expect(balancer.stats().servers.map(({ name }) => name)).toEqual(['app-1'])
    expectBooksToBalance(balancer.stats())
  })

  it('lets requests waiting go to a server that is added', async () => {
    const stuck = await httpServer(() => {})
    const free = await httpServer((_req, res) => res.end('free'))
    const { balancer, get } = await balancerOver([stuck], {
      maxConnectionsPerServer: 1,
      queueTimeoutMs: 20_000,
    })
    get().catch(() => {})
    await eventually(balancer.stats, ({ inFlight }) => inFlight === 1)
    const waiting = get()
    await eventually(balancer.stats, ({ queued }) => queued === 1)
    await putServers(balancer, [
      { name: 'app-1', url: stuck },
      { name: 'app-2', url: free },
    ])
    expect(await waiting).toMatchObject({ status: 200, text: 'free' })
  })

  it('answers /healthz and /stats, refuses a bad list and keeps the old one', async () => {
    const url = await httpServer((_req, res) => res.end('ok'))
    const { balancer, get } = await balancerOver([url])
    const admin = async (path: string) => request(balancer.adminUrl + path)
    expect((await admin('/healthz')).statusCode).toBe(200)
    expect((await admin('/nowhere')).statusCode).toBe(404)
    expect(await putServers(balancer, [])).toBe(400)
    expect(await putServers(balancer, [{ name: 'a', url: 'ftp://x' }])).toBe(400)
    expect(
      await putServers(balancer, [
        { name: 'a', url },
        { name: 'a', url },
      ]),
    ).toBe(400)
    expect((await get()).status).toBe(200)
    expect(await (await admin('/stats')).body.json()).toEqual(balancer.stats())
  })
})
