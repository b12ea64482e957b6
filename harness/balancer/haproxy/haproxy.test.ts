import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request, WebSocket } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { type BalancerTopology, DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import { haproxyCommand } from '../../environments/embedded/haproxy/command-line.ts'
import { requires } from '../../testing/requires.ts'
import { answerWebSocket } from '../testing/answer-web-socket.ts'
import { haproxyConfigOf } from './haproxy-config.ts'
import { renderHaproxy } from './render-haproxy.ts'

/** What the rendered configuration makes HAProxy do, beside the same tests of the embedded balancer. */
const haproxy = requires('haproxy')

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const serverThat = (handler: http.RequestListener) => {
  const server = http.createServer(handler)
  cleanups.push(() => server.closeAllConnections())
  return listening(server)
}
const works = () =>
  serverThat((req, res) => req.resume().on('end', () => setTimeout(() => res.end('ok'), 10)))
const failsAtOnce = () => serverThat((_req, res) => res.writeHead(500).end('no'))
const resets = () =>
  listening(
    net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())),
  )

async function haproxyOver(ports: readonly number[], over: Partial<BalancerTopology> = {}) {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-haproxy-'))
  const config = haproxyConfigOf(
    { ...DEFAULT_TOPOLOGY.balancer, engine: 'haproxy', ...over },
    {
      host: '127.0.0.1',
      port,
      socket: 'haproxy.sock',
      readyPath: '/readyz',
      slots: ports.map((at, i) => ({
        name: `app-${i + 1}`,
        address: { host: '127.0.0.1', port: at },
        weight: 1,
      })),
    },
  )
  writeFileSync(join(folder, 'haproxy.cfg'), renderHaproxy(config))
  const child: ChildProcess = spawn(haproxy.path, ['-db', '-f', 'haproxy.cfg'], {
    cwd: folder,
    stdio: 'ignore',
  })
  const agent = new Agent({ connections: 64 })
  cleanups.push(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  })
  cleanups.push(() => agent.destroy())
  const url = `http://127.0.0.1:${port}`
  while (!(await connects(port))) await delay(10)
  const send = async (method: 'GET' | 'POST' = 'GET', path = '/') => {
    const { statusCode, headers, body } = await request(url + path, {
      dispatcher: agent,
      method,
      body: method === 'POST' ? 'order' : null,
    })
    return { status: statusCode, headers, text: await body.text() }
  }
  /** Requests that wait in HAProxy now. */
  const queued = async (): Promise<number> => {
    const text = await haproxyCommand(join(folder, 'haproxy.sock'), 'show stat')
    const [head = '', ...rows] = text.split('\n').map((line) => line.replace(/^# /, '').split(','))
    const backend = rows.find((row) => row[1] === 'BACKEND')
    return Number(backend?.[head.indexOf('qcur')])
  }
  return { url, send, queued }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

/**
 * When a server breaks a kept connection, HAProxy breaks the client's too instead of answering 502 (RFC 9110 §9.2.2: the
 * client may know that its request can be repeated): an error like any other.
 */
async function outcome(sent: Promise<{ status: number }>): Promise<'ok' | 'error'> {
  return sent.then(
    ({ status }) => (status < 500 ? 'ok' : 'error'),
    () => 'error',
  )
}

describe.skipIf(haproxy.skip)('HAProxy as it is configured', () => {
  it('passes on with X-Forwarded-For over kept connections', async () => {
    const sockets = new Set<net.Socket>()
    const port = await serverThat((req, res) => {
      sockets.add(req.socket)
      res.end(`${req.headers['x-forwarded-for']} ${req.url}`)
    })
    const { send } = await haproxyOver([port])
    for (let i = 0; i < 20; i++) expect((await send('GET', `/p/${i}`)).text).toBe(`127.0.0.1 /p/${i}`)
    expect(sockets.size).toBe(1)
  })

  it.each([
    { how: 'answers 500', bad: failsAtOnce },
    { how: 'resets connections', bad: resets },
    { how: 'refuses connections', bad: freePort },
  ])('ejects one of three that $how: errors below 2 %', async ({ bad }) => {
    const { send } = await haproxyOver([await works(), await works(), await bad()], {
      ejectAfterFailures: 5,
      // Longer than the requests take on a busy machine: how often it is tried again depends on the clock.
      ejectForMs: 60_000,
    })
    let left = 4000
    let errors = 0
    const shopper = async (): Promise<void> => {
      while (left-- > 0) if ((await outcome(send(left % 2 ? 'GET' : 'POST'))) === 'error') errors++
    }
    await Promise.all(Array.from({ length: 30 }, shopper))
    expect(errors / 4000).toBeLessThan(0.02)
  })

  it('takes out a server that says it is not well, and brings it back', async () => {
    let well = true
    const seen: string[] = []
    const port = await serverThat((req, res) => {
      seen.push(req.url ?? '')
      res.writeHead(well || req.url !== '/readyz' ? 200 : 503).end('second')
    })
    const { send } = await haproxyOver([await works(), port], { healthCheckIntervalMs: 50 })
    const goesToSecond = async (): Promise<boolean> => {
      const texts = []
      for (let i = 0; i < 4; i++) texts.push((await send()).text)
      return texts.includes('second')
    }
    well = false
    while (await goesToSecond()) await delay(10)
    well = true
    while (!(await goesToSecond())) await delay(10)
    expect(seen).toContain('/readyz')
  })

  it('repeats a GET that got no answer, and never a POST', async () => {
    let resetsSeen = 0
    const resetting = await listening(
      net.createServer((socket) =>
        socket
          .on('error', () => {})
          .once('data', () => {
            resetsSeen++
            socket.resetAndDestroy()
          }),
      ),
    )
    const { send } = await haproxyOver([resetting, await works()], { algorithm: 'round-robin' })
    expect([(await send()).status, (await send()).status]).toEqual([200, 200])
    const before = resetsSeen
    expect(before).toBeGreaterThan(0)
    const posts = [await outcome(send('POST')), await outcome(send('POST'))]
    expect(posts.toSorted()).toEqual(['error', 'ok'])
    expect(resetsSeen).toBe(before + 1)
  })

  it('turns away with 503 and Retry-After who waited too long or found the queue full', async () => {
    const held: http.ServerResponse[] = []
    const port = await serverThat((_req, res) => held.push(res))
    const { send, queued } = await haproxyOver([port], {
      maxConnectionsPerServer: 1,
      maxQueued: 2,
      queueTimeoutMs: 3000,
    })
    const first = send()
    while (held.length === 0) await delay(5)
    const waiting = [send(), send()]
    while ((await queued()) < 2) await delay(5)
    const full = await send()
    expect([full.status, full.headers['retry-after'], full.text]).toEqual([
      503,
      '1',
      'too many are waiting\n',
    ])
    for (const { status, headers } of await Promise.all(waiting)) {
      expect([status, headers['retry-after'], headers['x-balancer-own']]).toEqual([503, '1', undefined])
    }
    held[0]!.end()
    expect((await first).status).toBe(200)
  })

  it('lets go of clients that left, in the queue and at the server', async () => {
    const seen: string[] = []
    let gone: () => void = () => {}
    const left = new Promise<void>((resolve) => {
      gone = resolve
    })
    const port = await serverThat((req, res) => {
      seen.push(req.url ?? '')
      if (req.url === '/held') res.on('close', gone)
      else res.end()
    })
    const { url, send, queued } = await haproxyOver([port], {
      maxConnectionsPerServer: 1,
      queueTimeoutMs: 20_000,
    })
    const ask = (path: string): (() => void) => {
      const leaving = new AbortController()
      request(url + path, { signal: leaving.signal }).catch(() => {})
      return () => leaving.abort()
    }
    const leaveServer = ask('/held')
    while (seen.length === 0) await delay(5)
    const leaveQueue = ask('/queued')
    while ((await queued()) === 0) await delay(5)
    leaveQueue()
    while ((await queued()) > 0) await delay(5)
    leaveServer()
    await left
    expect((await send('GET', '/next')).status).toBe(200)
    expect(seen).toEqual(['/held', '/next'])
  })

  it('answers 502 when every server refuses, and leaves a server’s own 503 as it is', async () => {
    const { send } = await haproxyOver([await freePort(), await freePort()])
    const { status, headers } = await send('POST')
    expect([status, headers['retry-after']]).toEqual([502, undefined])
    const shedding = await serverThat((_req, res) => res.writeHead(503, { 'retry-after': '7' }).end('later'))
    const own = await (await haproxyOver([shedding])).send()
    expect([own.status, own.headers['retry-after'], own.text]).toEqual([503, '7', 'later'])
  })

  it('passes WebSocket messages both ways until the client closes', async () => {
    const server = http.createServer()
    server.on('upgrade', (req, socket) => answerWebSocket(req, socket, (text) => `echo ${text}`))
    const { url } = await haproxyOver([await listening(server)])
    const socket = new WebSocket(url.replace('http', 'ws'))
    await once(socket, 'open')
    const heard = once(socket, 'message')
    socket.send('hello')
    const [message] = (await heard) as [MessageEvent]
    expect(message.data).toBe('echo hello')
    const closed = once(socket, 'close')
    socket.close(1000, 'bye')
    const [close] = (await closed) as [CloseEvent]
    expect(close.code).toBe(1000)
  })
})
