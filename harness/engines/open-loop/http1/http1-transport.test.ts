import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../../clock.ts'
import { targetGuard } from '../../target-guard.ts'
import { timerScheduler } from '../timer-scheduler.ts'
import type { Answer, HttpRequest, Line, Transport } from '../transport.ts'
import { undiciTransport } from '../undici-transport.ts'
import { type Http1Options, http1Transport } from './http1-transport.ts'

/** What a scripted server does with the n-th request of its c-th connection (both from 0). */
type Script = (socket: Socket, request: string, n: number, connection: number) => void

const servers: Server[] = []
const transports: Transport[] = []
afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()))
  for (const server of servers.splice(0)) server.close()
})

async function scripted(script: Script) {
  const seen = { connections: 0, requests: [] as string[], open: 0 }
  const server = createServer((socket) => {
    const connection = seen.connections++
    seen.open++
    let n = 0
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => seen.open--)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0)
        if (text.length < end + 4 + length && !/x-early/.test(text)) return
        const request = text.slice(0, end + 4 + length)
        text = text.slice(end + 4 + length)
        seen.requests.push(request)
        script(socket, request, n++, connection)
      }
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server }
}

const scheduler = timerScheduler(startClock())

function transportTo(url: string, options: Http1Options = {}): Transport {
  const headers = ['user-agent', 'doorbuster/test']
  const transport = http1Transport(url, targetGuard([]), scheduler, () => {}, { headers, ...options })
  transports.push(transport)
  return transport
}

const open = (url: string, options: Http1Options = {}): Line => transportTo(url, options).line()

const get = (path: string): HttpRequest => ({ method: 'GET', path, headers: [], body: null })
const post = (path: string, body: string): HttpRequest => ({
  method: 'POST',
  path,
  headers: ['content-type', 'application/json'],
  body,
})
const send = (line: Line, request: HttpRequest): Promise<Answer> =>
  new Promise((resolve) => {
    line.send(request, resolve)
  })
const ok = (body = 'ok', more = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

describe('http1Transport', () => {
  it('sends what was asked, and gives the answer', async () => {
    const { url, seen } = await scripted((socket) => socket.write(ok('{"a":"ü"}', 'set-cookie: s=1\r\n')))
    const line = open(url)
    const answer = await send(line, post('/cart?x=1', '{"b":"ö"}'))
    expect(answer).toMatchObject({ outcome: 'ok', setCookies: ['s=1'] })
    expect(answer.page!.json).toEqual({ a: 'ü' })
    expect(seen.requests[0]).toBe(
      `POST /cart?x=1 HTTP/1.1\r\nhost: ${new URL(url).host}\r\naccept-encoding: gzip, deflate, br\r\nuser-agent: doorbuster/test\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n${Buffer.from('{"b":"ö"}').toString('latin1')}`,
    )
  })

  it('uses one connection again and again, and as many as there are requests at once', async () => {
    const { url, seen } = await scripted((socket, request) => {
      setTimeout(() => socket.write(ok()), request.includes('/slow') ? 50 : 0)
    })
    const line = open(url)
    for (let i = 0; i < 5; i++) await send(line, get('/'))
    expect(seen.connections).toBe(1)
    await Promise.all(Array.from({ length: 7 }, () => send(line, get('/slow'))))
    expect(seen.connections).toBe(7)
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('unpacks %s, which it asked for', async (encoding, pack) => {
    const packed = pack('{"big":true}')
    const { url } = await scripted((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${packed.length}\r\n\r\n`,
      )
      socket.write(packed)
    })
    expect((await send(open(url), get('/'))).page!.json).toEqual({ big: true })
  })

  it('does not unpack more than it would take unpacked', async () => {
    const packed = gzipSync('x'.repeat(1_000_000))
    const { url } = await scripted((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`)
      socket.write(packed)
    })
    const { page } = await send(open(url, { maxBodyBytes: 100_000 }), get('/'))
    expect(() => page!.text).toThrow()
  })

  it('gives up in the phase whose time is up: connecting, headers, body', async () => {
    const { url } = await scripted((socket, request) => {
      if (request.includes('/body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nonly')
    })
    const line = open(url, { timeoutMs: { headers: 30, body: 30 } })
    expect(await send(line, get('/headers'))).toMatchObject({ outcome: 'timeout', timedOutIn: 'headers' })
    expect(await send(line, get('/body'))).toMatchObject({ outcome: 'timeout', timedOutIn: 'body' })
    // TLS to a server that never shakes hands: connecting takes for ever.
    const silent = open(url.replace('http:', 'https:'), { timeoutMs: { connect: 30 } })
    expect(await send(silent, get('/'))).toMatchObject({ outcome: 'timeout', timedOutIn: 'connect' })
  })

  it('opens connections for each shopper when told to, and closes them when the shopper leaves', async () => {
    const { url, seen } = await scripted((socket) => socket.write(ok()))
    const transport = transportTo(url, { connections: 'per-shopper' })
    const lines = [transport.line(), transport.line()]
    for (const line of lines) {
      await send(line, get('/'))
      await send(line, get('/'))
    }
    expect(seen.connections).toBe(2)
    for (const line of lines) line.hangUp()
    while (seen.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const shared = transportTo(url)
    await send(shared.line(), get('/'))
    shared.line().hangUp()
    await send(shared.line(), get('/'))
    expect(seen.connections).toBe(3)
  })

  it('a server that closes in the middle of its answer has reset the connection, once', async () => {
    const { url } = await scripted((socket, request) => {
      if (request.includes('/cut')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this')
      else socket.write(ok())
    })
    const line = open(url)
    expect(await send(line, get('/'))).toMatchObject({ outcome: 'ok' })
    expect(await send(line, get('/cut'))).toMatchObject({ outcome: 'reset', page: null })
    expect(await send(line, get('/'))).toMatchObject({ outcome: 'ok' })
  })

  it('an idle connection that the server closes meanwhile costs a GET a second try, and a POST its life', async () => {
    const { url, seen } = await scripted((socket, _, n) => {
      if (n === 0) socket.write(ok())
      else socket.destroy()
    })
    const line = open(url)
    await send(line, get('/'))
    expect(await send(line, get('/again'))).toMatchObject({ outcome: 'ok' })
    expect(seen.requests.filter((request) => request.includes('/again'))).toHaveLength(2)
    // The connection of the second try has answered once: this is its second request.
    expect(await send(line, post('/order', '{}'))).toMatchObject({ outcome: 'reset' })
    expect(seen.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
  })

  it('does not use a connection that the server is about to close', async () => {
    const { url, seen } = await scripted((socket) => socket.write(ok('ok', 'keep-alive: timeout=1\r\n')))
    const line = open(url)
    await send(line, get('/'))
    await send(line, get('/'))
    expect(seen.connections).toBe(2)
  })

  it('an answer before the request was sent whole is an answer, and ends the connection', async () => {
    const { url, seen } = await scripted((socket) => {
      socket.pause()
      socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n')
    })
    const line = open(url)
    const big: HttpRequest = { ...post('/upload', 'x'.repeat(6_000_000)), headers: ['x-early', '1'] }
    expect((await send(line, big)).page).toMatchObject({ status: 413 })
    await send(line, { ...get('/next'), headers: ['x-early', '1'] })
    expect(seen.connections).toBe(2)
  })

  it('a slow drip arrives whole, and a body without end is given up', async () => {
    const { url } = await scripted((socket, request) => {
      const text = ok('0123456789')
      let at = 0
      const timer = setInterval(() => {
        if (request.includes('/endless')) socket.write('x'.repeat(10_000))
        else if (at < text.length) socket.write(text[at++]!)
        else clearInterval(timer)
      }, 1)
      socket.on('close', () => clearInterval(timer))
      if (request.includes('/endless')) socket.write('HTTP/1.1 200 OK\r\n\r\n')
    })
    expect((await send(open(url), get('/'))).page!.text).toBe('0123456789')
    const endless = await send(open(url, { maxBodyBytes: 50_000 }), get('/endless'))
    expect(endless).toMatchObject({ outcome: 'failed-check', page: null })
  })

  it('what nobody asked for never becomes the answer to the next request', async () => {
    const { url } = await scripted((socket, request) => {
      socket.write(request.includes('/first') ? `${ok('first')}${ok('smuggled')}` : ok('second'))
    })
    const line = open(url)
    expect(await send(line, get('/first'))).toMatchObject({ outcome: 'reset' })
    expect((await send(line, get('/second'))).page!.text).toBe('second')
  })

  it('gives up at once when told to, and reports nothing then', async () => {
    const { url, seen } = await scripted(() => {})
    const line = open(url)
    let ends = 0
    const sending = line.send(get('/'), () => ends++)
    while (seen.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    sending.cancel()
    while (seen.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ends).toBe(0)
  })

  it('tells apart who refused, who reset and who is not there', async () => {
    const { url, server } = await scripted((socket) => socket.resetAndDestroy())
    expect(await send(open(url), get('/'))).toMatchObject({ outcome: 'reset' })
    server.close()
    await once(server, 'close')
    expect(await send(open(url), get('/'))).toMatchObject({ outcome: 'refused' })
    expect(await send(open('http://doorbuster.invalid'), get('/'))).toMatchObject({ outcome: 'dns' })
  })

  it('refuses a path or a value that would be a second request', async () => {
    const { url, seen } = await scripted((socket) => socket.write(ok()))
    const line = open(url)
    expect(() => line.send(get('/a b HTTP/1.1\r\nhost: x'), () => {})).toThrow(/is no path/)
    expect(() => line.send({ ...get('/'), headers: ['cookie', 'a\r\nx: y'] }, () => {})).toThrow(
      /no header can carry/,
    )
    expect(seen.requests).toEqual([])
  })

  it('agrees with undici on the same traffic', async () => {
    const { url } = await scripted((socket, request) => {
      const n = Number(/\/(\d+)/.exec(request)?.[1] ?? 0)
      const body = JSON.stringify({ n, pad: 'x'.repeat((n * 37) % 9000) })
      const kinds = [
        () => socket.write(ok(body)),
        () =>
          socket.write(
            `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
          ),
        () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`),
        () => socket.write('HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n'),
        () => socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno'),
        () => socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
        () =>
          socket.write(
            'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n',
          ),
        () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort'),
        () => socket.write('nonsense\r\n\r\n'),
      ]
      kinds[n % kinds.length]!()
    })
    const ours = open(url)
    const theirsTo = undiciTransport(url, targetGuard([]), () => {})
    transports.push(theirsTo)
    const theirs = theirsTo.line()
    for (let n = 0; n < 90; n++) {
      const [mine, undicis] = await Promise.all([send(ours, get(`/${n}`)), send(theirs, get(`/${n}`))])
      expect([n, mine.outcome, mine.page?.status, mine.page?.text]).toEqual([
        n,
        undicis.outcome,
        undicis.page?.status,
        undicis.page?.text,
      ])
    }
  })
})
