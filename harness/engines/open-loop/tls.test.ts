import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import { requires } from '../../testing/requires.ts'
import { targetGuard } from '../target-guard.ts'
import { type Http1Options, http1Transport } from './http1/http1-transport.ts'
import { type Certificate, newAuthority } from './testing/certificates.ts'
import { timerScheduler } from './timer-scheduler.ts'
import type { Answer, HttpRequest, Line, Transport } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

const openssl = requires('openssl')
const folder = mkdtempSync(join(tmpdir(), 'doorbuster-tls-'))
const authority = openssl.skip ? null : newAuthority(openssl.path, folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const LOCAL = ['DNS:localhost', 'IP:127.0.0.1']

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A real server behind TLS: who shook hands, by the name they asked for, and what they then asked. */
async function shop(certificate: Certificate) {
  const seen = { names: [] as (string | false | undefined)[], requests: [] as string[] }
  const server = createServer(certificate, (request, response) => {
    seen.requests.push(request.url ?? '')
    response.end('ok')
  })
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) =>
    seen.names.push(socket.servername),
  )
  return { port: await listen(server), seen }
}

type Tls = Pick<NonNullable<Http1Options['tls']>, 'rejectUnauthorized' | 'ca'>
const TRUSTING: Tls = authority ? { ca: authority.cert } : {}

const TRANSPORTS: readonly (readonly [string, (url: string, tls: Tls) => Transport])[] = [
  ['http1Transport', (url, tls) => own(url, { tls })],
  ['undiciTransport', (url, tls) => kept(undiciTransport(url, targetGuard([]), () => {}, [], tls))],
]

function own(url: string, options: Http1Options, guard = targetGuard([])): Transport {
  return kept(http1Transport(url, guard, timerScheduler(startClock()), () => {}, options))
}

function kept(transport: Transport): Transport {
  open.push(transport)
  return transport
}

const GET: HttpRequest = { method: 'GET', path: '/', headers: [], body: null }
const ORDER: HttpRequest = { method: 'POST', path: '/order', headers: [], body: 'x'.repeat(200_000) }

const send = (line: Line, request = GET): Promise<Answer> =>
  new Promise((resolve) => {
    line.send(request, resolve)
  })

describe.skipIf(openssl.skip).each(TRANSPORTS)('%s behind TLS', (_, transportTo) => {
  const ask = (url: string, tls: Tls = {}, request = GET) => send(transportTo(url, tls).line(), request)

  it('is refused a certificate that nobody vouches for, and then sends nothing at all', async () => {
    const { port, seen } = await shop(authority!.selfSigned(LOCAL))
    for (const request of [GET, ORDER])
      expect(await ask(`https://localhost:${port}`, {}, request)).toMatchObject({
        outcome: 'tls',
        page: null,
      })
    expect(seen.requests).toEqual([])
  })

  it('takes it all the same when told to take any', async () => {
    const { port, seen } = await shop(authority!.selfSigned(['DNS:elsewhere.example']))
    const answer = await ask(`https://localhost:${port}`, { rejectUnauthorized: false }, ORDER)
    expect(answer).toMatchObject({ outcome: 'ok', page: { status: 200, text: 'ok' } })
    expect(seen.requests).toEqual(['/order'])
  })

  it('takes one that an authority it trusts vouches for, by name and by address', async () => {
    const { port, seen } = await shop(authority!.issue(LOCAL))
    expect(await ask(`https://localhost:${port}`, TRUSTING)).toMatchObject({ outcome: 'ok' })
    expect(await ask(`https://127.0.0.1:${port}`, TRUSTING)).toMatchObject({ outcome: 'ok' })
    // The name goes with the handshake, an address does not (RFC 6066 §3).
    expect(seen.names).toEqual(['localhost', false])
  })

  it.each([
    ['of another host', false, ['DNS:elsewhere.example']],
    ['of another address', false, ['DNS:localhost', 'IP:127.0.0.2']],
    ['that has expired', true, LOCAL],
  ])('is refused one %s', async (_what, expired, names) => {
    const { port, seen } = await shop(authority!.issue(names, expired))
    const host = names.includes('IP:127.0.0.2') ? '127.0.0.1' : 'localhost'
    expect(await ask(`https://${host}:${port}`, TRUSTING)).toMatchObject({ outcome: 'tls', page: null })
    expect(seen.requests).toEqual([])
  })

  it('finds no TLS where plain HTTP is spoken', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('plain')))
    expect(await ask(`https://localhost:${port}`)).toMatchObject({ outcome: 'tls', page: null })
  })

  it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'a server that leaves in the middle of the handshake (%s) has reset the connection',
    async (leave) => {
      const port = await listen(createTcpServer((socket) => void socket.once('data', () => socket[leave]())))
      expect(await ask(`https://localhost:${port}`)).toMatchObject({ outcome: 'reset', page: null })
    },
  )

  it('shakes hands once for requests that follow one another', async () => {
    const { port, seen } = await shop(authority!.issue(LOCAL))
    const transport = transportTo(`https://localhost:${port}`, TRUSTING)
    for (let shopper = 0; shopper < 5; shopper++) {
      const line = transport.line()
      for (let click = 0; click < 3; click++) expect(await send(line)).toMatchObject({ outcome: 'ok' })
      line.hangUp()
    }
    expect(seen.requests).toHaveLength(15)
    expect(seen.names).toHaveLength(1)
  })
})

describe.skipIf(openssl.skip)('our own client behind TLS', () => {
  it('shakes hands once for each shopper when each has connections of their own', async () => {
    const { port, seen } = await shop(authority!.issue(LOCAL))
    const transport = own(`https://localhost:${port}`, { tls: TRUSTING, connections: 'per-shopper' })
    for (let shopper = 0; shopper < 5; shopper++) {
      const line = transport.line()
      for (let click = 0; click < 3; click++) expect(await send(line)).toMatchObject({ outcome: 'ok' })
      line.hangUp()
    }
    expect(seen.names).toHaveLength(5)
  })

  it('asks for a name without the dot that ends it', async () => {
    const { port, seen } = await shop(authority!.issue(LOCAL))
    const here = targetGuard([], (_host, _options, found) =>
      found(null, [{ address: '127.0.0.1', family: 4 }]),
    )
    const answer = await send(own(`https://localhost.:${port}`, { tls: TRUSTING }, here).line())
    expect(answer).toMatchObject({ outcome: 'ok' })
    expect(seen.names).toEqual(['localhost'])
  })

  it('waits for a handshake that never ends in the phase of connecting', async () => {
    const port = await listen(createTcpServer((socket) => void socket.once('data', () => {})))
    const url = `https://localhost:${port}`
    const answer = await send(own(url, { timeoutMs: { connect: 50 } }).line())
    expect(answer).toMatchObject({ outcome: 'timeout', timedOutIn: 'connect' })
    const sending = own(url, {})
      .line()
      .send(GET, () => {})
    expect(sending.phase).toBe('connect')
    sending.cancel()
  })

  it('waits for an answer in the phase of headers once hands are shaken', async () => {
    const server = createServer(authority!.issue(LOCAL), () => {})
    const port = await listen(server)
    const line = own(`https://localhost:${port}`, { tls: TRUSTING, timeoutMs: { headers: 50 } }).line()
    expect(await send(line)).toMatchObject({ outcome: 'timeout', timedOutIn: 'headers' })
  })
})
