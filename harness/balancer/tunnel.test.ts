import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { type BalancerSettings, balancerConfigOf } from './config.ts'
import { startBalancer } from './proxy.ts'
import { answerWebSocket, textFrame } from './testing/answer-web-socket.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function upgradingServer(
  onUpgrade: (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => void,
): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = http.createServer((_req, res) => res.end('ordinary'))
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.on('upgrade', (request, socket, head) => onUpgrade(request, socket as net.Socket, head))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function balancerOver(urls: readonly string[], over: Partial<BalancerSettings> = {}) {
  const balancer = await startBalancer(
    balancerConfigOf({
      host: '127.0.0.1',
      port: 0,
      adminPort: 0,
      algorithm: 'round-robin',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 20_000,
      servers: urls.map((url, i) => ({ name: `app-${i + 1}`, url })),
      ...over,
    }),
  )
  cleanups.push(() => balancer.stop())
  return balancer
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5)
}

async function openWebSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live?x=1`)
  cleanups.push(() => socket.close())
  await once(socket, 'open')
  return socket
}

/** What a raw client gets in answer to these bytes, up to the end of the connection. */
async function rawAnswer(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  cleanups.push(() => socket.destroy())
  socket.write(text)
  let answer = ''
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk
  return answer
}

const UPGRADE = 'GET /live HTTP/1.1\r\nhost: shop\r\nconnection: Upgrade\r\nupgrade: websocket\r\n'

describe('WebSocket', () => {
  it('passes messages both ways, with path and X-Forwarded-For, until the client closes', async () => {
    let seen: http.IncomingMessage | undefined
    const url = await upgradingServer((request, socket) => {
      seen = request
      answerWebSocket(request, socket, (text) => `echo ${text}`)
    })
    const balancer = await balancerOver([url])
    const socket = await openWebSocket(balancer.url)
    expect(seen?.url).toBe('/live?x=1')
    expect(seen?.headers['x-forwarded-for']).toBe('127.0.0.1')
    for (const text of ['one', 'x'.repeat(60_000)]) {
      const heard = once(socket, 'message')
      socket.send(text)
      const [message] = (await heard) as [MessageEvent]
      expect(message.data).toBe(`echo ${text}`)
    }
    expect(balancer.stats()).toMatchObject({ requests: 1, responses: 1, errors: 0, inFlight: 0, tunnels: 1 })
    expect(balancer.stats().servers[0]).toMatchObject({ inFlight: 0, tunnels: 1, responses: 1 })
    const closed = once(socket, 'close')
    socket.close(1000, 'bye')
    const [close] = (await closed) as [CloseEvent]
    expect([close.code, close.reason]).toEqual([1000, 'bye'])
    await until(() => balancer.stats().tunnels === 0)
    expect(balancer.stats().servers[0]).toMatchObject({ inFlight: 0, tunnels: 0 })
  })

  it('passes on what the server sends with its 101, and its close', async () => {
    const url = await upgradingServer((request, socket) => {
      answerWebSocket(request, socket, () => null, textFrame('hello'))
      setTimeout(() => socket.end(Buffer.from([0x88, 2, 0x0f, 0xa0])), 50) // close, code 4000
    })
    const { url: front } = await balancerOver([url])
    const socket = new WebSocket(front.replace('http', 'ws'))
    const [[message], [close]] = (await Promise.all([once(socket, 'message'), once(socket, 'close')])) as [
      [MessageEvent],
      [CloseEvent],
    ]
    expect(message.data).toBe('hello')
    expect(close.code).toBe(4000)
  })

  it('ends the connection at the client when the server breaks it, and the other way round', async () => {
    const servers: net.Socket[] = []
    const url = await upgradingServer((request, socket) => {
      servers.push(socket)
      answerWebSocket(request, socket, () => null)
    })
    const balancer = await balancerOver([url])
    const first = await openWebSocket(balancer.url)
    const closed = once(first, 'close')
    servers[0]!.resetAndDestroy()
    await closed
    const { hostname, port } = new URL(balancer.url)
    const raw = net.connect(Number(port), hostname)
    raw.write(`${UPGRADE}sec-websocket-key: aaaaaaaaaaaaaaaaaaaaaa==\r\n\r\n`)
    await once(raw, 'data')
    const gone = once(servers[1]!, 'end')
    raw.resetAndDestroy()
    await gone
    await until(() => balancer.stats().tunnels === 0)
  })

  it('keeps its place at the server: a limit of one lets the next wait until it closes', async () => {
    const url = await upgradingServer((request, socket) => answerWebSocket(request, socket, () => null))
    const balancer = await balancerOver([url], { maxConnectionsPerServer: 1 })
    const first = await openWebSocket(balancer.url)
    const second = openWebSocket(balancer.url)
    await until(() => balancer.stats().queued === 1)
    first.close()
    await second
    expect(balancer.stats()).toMatchObject({ queued: 0, tunnels: 1, responses: 2 })
  })

  it('passes on what the client sent early, and forgets who left while waiting', async () => {
    const heard: Buffer[] = []
    const url = await upgradingServer((request, socket, head) => {
      heard.push(head)
      socket.on('data', (bytes) => heard.push(bytes))
      setTimeout(() => answerWebSocket(request, socket, () => null), 30)
    })
    const balancer = await balancerOver([url], { maxConnectionsPerServer: 1 })
    const { hostname, port } = new URL(balancer.url)
    const first = net.connect(Number(port), hostname)
    cleanups.push(() => first.destroy())
    first.write(`${UPGRADE}sec-websocket-key: aaaaaaaaaaaaaaaaaaaaaa==\r\n\r\nearly`)
    first.write(' bird')
    await until(() => Buffer.concat(heard).toString() === 'early bird')
    const second = net.connect(Number(port), hostname)
    second.write(`${UPGRADE}\r\n`)
    await until(() => balancer.stats().queued === 1)
    second.end()
    await until(() => balancer.stats().aborted === 1)
    expect(balancer.stats()).toMatchObject({ requests: 2, responses: 1, queued: 0, tunnels: 1 })
  })

  it('is closed when the balancer stops', async () => {
    const url = await upgradingServer((request, socket) => answerWebSocket(request, socket, () => null))
    const balancer = await balancerOver([url])
    const socket = await openWebSocket(balancer.url)
    const closed = once(socket, 'close')
    const silent = await balancerOver([await upgradingServer(() => {})])
    const unanswered = rawAnswer(silent.url, `${UPGRADE}\r\n`).catch(() => 'broken off')
    await until(() => silent.stats().inFlight === 1)
    await Promise.all([balancer.stop(), silent.stop()])
    await Promise.all([closed, unanswered])
  })
})

describe('an upgrade that does not come about', () => {
  it('gets the answer of a server that refuses', async () => {
    const url = await upgradingServer((_request, socket) => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nx-why: no ticket\r\ncontent-length: 2\r\n\r\nno')
    })
    const balancer = await balancerOver([url])
    const answer = await rawAnswer(balancer.url, `${UPGRADE}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n.*x-why: no ticket\r\n.*\r\n\r\nno$/s)
    await until(() => balancer.stats().responses === 1)
    expect(balancer.stats()).toMatchObject({ requests: 1, errors: 0, inFlight: 0, tunnels: 0, aborted: 0 })
  })

  it('is an ordinary answer from a server that knows no upgrades', async () => {
    const server = http.createServer((_req, res) => res.end('ordinary')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const balancer = await balancerOver([`http://127.0.0.1:${(server.address() as AddressInfo).port}`])
    expect(await rawAnswer(balancer.url, `${UPGRADE}\r\n`)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ordinary/s)
  })

  it('tries another server when one refuses the connection, and answers 502 when there is none', async () => {
    const dead = net.createServer().listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const deadUrl = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`
    await new Promise((resolve) => dead.close(resolve))
    const url = await upgradingServer((request, socket) => answerWebSocket(request, socket, () => null))
    const balancer = await balancerOver([deadUrl, url])
    await openWebSocket(balancer.url)
    expect(balancer.stats().servers.map(({ errors }) => errors)).toEqual([1, 0])
    const alone = await balancerOver([deadUrl])
    expect(await rawAnswer(alone.url, `${UPGRADE}\r\n`)).toMatch(/^HTTP\/1\.1 502 /)
    expect(alone.stats()).toMatchObject({ requests: 1, responses: 1, errors: 1, inFlight: 0 })
  })

  it('is refused with a body, and with 503 when nobody has a place in time', async () => {
    const url = await upgradingServer((request, socket) => answerWebSocket(request, socket, () => null))
    const balancer = await balancerOver([url], { maxConnectionsPerServer: 1, queueTimeoutMs: 50 })
    expect(await rawAnswer(balancer.url, `${UPGRADE}content-length: 3\r\n\r\nabc`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    await openWebSocket(balancer.url)
    expect(await rawAnswer(balancer.url, `${UPGRADE}\r\n`)).toMatch(/^HTTP\/1\.1 503 .*retry-after: 1/s)
    expect(balancer.stats()).toMatchObject({ requests: 3, responses: 3, errors: 2, queued: 0 })
  })
})
