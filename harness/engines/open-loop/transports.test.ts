import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import type { HarnessError } from '../../core/errors.ts'
import { type TargetGuard, targetGuard } from '../target-guard.ts'
import { http1Transport } from './http1/http1-transport.ts'
import { timerScheduler } from './timer-scheduler.ts'
import type { Answer, HttpRequest, Transport } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

type Open = (url: string, guard: TargetGuard, refused: (error: HarnessError) => void) => Transport

/** Whatever carries requests does all of this alike. */
const TRANSPORTS: readonly (readonly [string, Open])[] = [
  [
    'http1Transport',
    (url, guard, refused) => http1Transport(url, guard, timerScheduler(startClock()), refused),
  ],
  ['undiciTransport', undiciTransport],
]

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serve = (listener: RequestListener) => listen(createServer(listener))
const serveTcp = (listener: (socket: Socket) => void) => listen(createTcpServer(listener))

const GET: HttpRequest = { method: 'GET', path: '/', headers: ['accept', 'application/json'], body: null }

const ask = (transport: Transport, request: Partial<HttpRequest> = {}): Promise<Answer> =>
  new Promise((resolve) => {
    transport.line().send({ ...GET, ...request }, resolve)
  })

/** What the waiting room answers, and when it is looked at again. */
const WAITING_ROOM = [
  ['with a time', { 'x-waiting-room': '17', 'retry-after': '3' }, 3],
  ['without one', { 'X-Waiting-Room': '1' }, 5],
  ['at once', { 'x-waiting-room': '1', 'retry-after': '0' }, 1],
  ['next year', { 'x-waiting-room': '1', 'retry-after': '31536000' }, 60],
  ['on a date', { 'x-waiting-room': '1', 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, 5],
] as const

describe.each(TRANSPORTS)('%s', (_, openTransport) => {
  it.each(WAITING_ROOM)('tells the waiting room from a page: %s', async (_words, headers, lookAgainSec) => {
    const url = await serve((_request, response) => {
      response.writeHead(headers['retry-after' as never] === '3' ? 200 : 503, headers)
      response.end('<p>You are in line.')
    })
    expect(await ask(connect(url))).toMatchObject({ outcome: 'queued', lookAgainSec })
  })

  it('takes a full shop for shedding, not for a waiting room', async () => {
    const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': '3' }).end())
    expect(await ask(connect(url))).toMatchObject({ outcome: 'shed', lookAgainSec: null })
  })

  const connect = (url: string, refused: (error: HarnessError) => void = () => {}): Transport => {
    const transport = openTransport(url, targetGuard([]), refused)
    open.push(transport)
    return transport
  }

  it('sends method, path, headers and body, and reads status, JSON and cookies', async () => {
    const seen: unknown[] = []
    const url = await serve(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push([
        request.method,
        request.url,
        request.headers['x-doorbuster-run'],
        request.headers['content-length'],
        body,
      ])
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.statusCode = 201
      response.end('{"id":"é"}')
    })
    const answer = await ask(connect(url), {
      method: 'POST',
      path: '/checkout?x=1',
      headers: ['x-doorbuster-run', 'r1', 'content-type', 'application/json'],
      body: '{"q":"é"}',
    })
    expect(seen).toEqual([['POST', '/checkout?x=1', 'r1', '10', '{"q":"é"}']])
    expect(answer).toMatchObject({ outcome: 'ok', setCookies: ['a=1', 'b=2'] })
    expect(answer.page).toMatchObject({ status: 201, json: { id: 'é' }, text: '{"id":"é"}' })
  })

  it('leaves json undefined when the answer is no JSON, and says where a redirect points without going there', async () => {
    let requests = 0
    const url = await serve((_, response) => {
      requests++
      response.writeHead(302, { location: 'http://192.0.2.1/', 'content-type': 'text/html' }).end('<p>')
    })
    const { outcome, page, location } = await ask(connect(url))
    expect(outcome).toBe('ok')
    expect(page!.json).toBeUndefined()
    expect(page!.text).toBe('<p>')
    expect(location).toBe('http://192.0.2.1/')
    expect(requests).toBe(1)
  })

  it('tells shed from broken', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/shed') response.setHeader('retry-after', '1')
      response.statusCode = 503
      response.end()
    })
    const transport = connect(url)
    expect((await ask(transport, { path: '/shed' })).outcome).toBe('shed')
    expect((await ask(transport)).outcome).toBe('wrong-status')
  })

  it('names a dead port, a reset, a half answer and nonsense', async () => {
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
    const deadUrl = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`
    await new Promise((resolve) => dead.close(resolve))
    expect((await ask(connect(deadUrl))).outcome).toBe('refused')

    const reset = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect((await ask(connect(reset))).outcome).toBe('reset')
    const half = await serveTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')),
    )
    expect((await ask(connect(half))).outcome).toBe('reset')
    const nonsense = await serveTcp((socket) => socket.once('data', () => socket.end('what?\r\n\r\n')))
    expect((await ask(connect(nonsense))).outcome).toBe('reset')
  })

  it('does not answer once it is closed', async () => {
    const transport = connect('http://127.0.0.1:9')
    await transport.close()
    let answered = false
    transport.line().send(GET, () => {
      answered = true
    })
    await new Promise(setImmediate)
    expect(answered).toBe(false)
  })

  it('opens as many connections as there are requests at once, and uses them again', async () => {
    const waiting: (() => void)[] = []
    const ports = new Set<number | undefined>()
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      waiting.push(() => response.end('ok'))
      if (waiting.length === 20) for (const answer of waiting.splice(0)) answer()
    })
    const transport = connect(url)
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(transport)))
      expect(answers.every(({ outcome }) => outcome === 'ok')).toBe(true)
    }
    expect(ports.size).toBe(20)
  })

  it('can give a request up, whose answer then never comes and whose connection is closed', async () => {
    let hungUp: () => void = () => {}
    const gone = new Promise<void>((resolve) => {
      hungUp = resolve
    })
    const url = await serve((request, response) => {
      if (request.url === '/slow') request.socket.on('close', hungUp)
      else response.end('ok')
    })
    const transport = connect(url)
    let answered = false
    const sending = transport.line().send({ ...GET, path: '/slow' }, () => {
      answered = true
    })
    expect((await ask(transport)).outcome).toBe('ok')
    expect(sending.phase).toBe('headers')
    sending.cancel()
    await gone
    expect((await ask(transport)).outcome).toBe('ok')
    expect(answered).toBe(false)
  })

  it('gives up a page that is too large to keep', async () => {
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(256 * 1024)));
      }
      response.on('drain', more)
      more()
    })
    expect(await ask(connect(url))).toMatchObject({ outcome: 'failed-check', page: null })
  })

  it.each(['http://192.0.2.1:9', 'http://[::ffff:192.0.2.1]:9'])('does not connect to %s', async (url) => {
    const refusals: HarnessError[] = []
    const answer = await ask(connect(url, (error) => refusals.push(error)))
    expect(answer.page).toBeNull()
    expect(refusals[0]).toMatchObject({ code: 'refused-target' })
  })

  it('checks a name when it connects, not before', async () => {
    const url = (await serve((_, response) => response.end('ok'))).replace('127.0.0.1', 'localhost')
    const refusals: HarnessError[] = []
    const guard = targetGuard([])
    // A name that has come to point at another machine.
    const moved = openTransport(
      url,
      { ...guard, lookup: (_host, options, answer) => guard.lookup('192.0.2.1', options, answer) },
      (error) => refusals.push(error),
    )
    open.push(moved)
    await ask(moved)
    expect(refusals[0]).toMatchObject({ code: 'refused-target' })
    const outcome = (await ask(connect(url))).outcome
    expect(outcome).toBe('ok')
  })
})
