import { type ClientRequest, type IncomingMessage, request as sendRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Backend } from './backend.ts'
import type { Hall } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import type { Waiting } from './waiting-line.ts'

const ANSWER_WITHIN_MS = 60_000
/** What a client may send before the server has agreed; nobody who speaks WebSocket sends anything. */
const MOST_EARLY_BYTES = 65_536

/**
 * A connection whose client asks for another protocol (WebSocket). It waits for a server like any request; once the server
 * has agreed (101), bytes pass both ways until one side ends, and it keeps its place at the server.
 */
export class Tunnel implements Waiting {
  waitsFor: Backend | null = null
  private readonly hall: Hall
  private readonly request: IncomingMessage
  private readonly client: Duplex
  private readonly early: Buffer[] = []
  private earlyBytes = 0
  private readonly clientAddress: string
  private readonly arrivedMs = performance.now()
  private server: Backend | null = null
  private failedAt: Backend | null = null
  private asked: ClientRequest | null = null
  private upstream: Duplex | null = null
  private tries = 0
  private startedMs = 0
  private state: 'asking' | 'open' | 'over' = 'asking'

  constructor(hall: Hall, request: IncomingMessage, client: Duplex, head: Buffer) {
    this.hall = hall
    this.request = request
    this.client = client
    this.clientAddress = request.socket.remoteAddress ?? ''
    hall.counters.requests++
    hall.tunnels.add(this)
    this.holdEarly(head)
    // It is read from the start: who leaves while waiting would not be noticed otherwise.
    client.on('data', this.holdEarly)
    client.once('end', () => {
      if (this.state === 'asking') client.destroy()
    })
    client.on('error', () => {})
    client.once('close', () => this.clientGone())
  }

  begin(): void {
    const { line, backends } = this.hall
    if (hasBody(this.request)) {
      // Its bytes would come before the server has agreed to anything.
      this.answer(400, 'an upgrade with a body cannot be passed on')
      return
    }
    if (line.length === 0 && this.start()) return
    // A server may have come back without anybody having noticed.
    if (line.full) line.advance()
    if (line.full) {
      this.answer(503, 'too many are waiting')
      return
    }
    this.waitsFor = backends.waitsFor(this.context())
    line.join(this)
    line.advance()
  }

  start(): boolean {
    const server = this.hall.backends.pick(this.context(), this.failedAt)
    if (server === null) return false
    this.hall.line.leave(this)
    this.ask(server)
    return true
  }

  timedOut(): void {
    this.answer(503, 'no server had a place in time')
  }

  /** Ends it, however far it is. */
  close(): void {
    this.client.destroy()
  }

  private readonly holdEarly = (bytes: Buffer): void => {
    if (this.state !== 'asking' || bytes.length === 0) return
    this.early.push(bytes)
    this.earlyBytes += bytes.length
    if (this.earlyBytes > MOST_EARLY_BYTES) this.client.destroy()
  }

  private ask(server: Backend): void {
    this.server = server
    this.tries++
    this.startedMs = performance.now()
    this.hall.counters.inFlight++
    this.hall.backends.began(server)
    const { rawHeaders, headers, method = 'GET', url = '/' } = this.request
    const kept = requestHeaders(rawHeaders, this.clientAddress, false)
    kept.push('Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? '')
    const { hostname, port } = new URL(server.url)
    const asked = sendRequest({ hostname, port, method, path: url, headers: kept, agent: false })
    this.asked = asked
    asked.setTimeout(ANSWER_WITHIN_MS, () => asked.destroy(new Error('no answer in time')))
    asked.once('upgrade', (answer, upstream, head) => this.open(answer, upstream, head))
    asked.once('response', (answer) => this.refused(answer))
    asked.on('error', (error: NodeJS.ErrnoException) => this.failed(server, error))
    asked.end()
  }

  private open(answer: IncomingMessage, upstream: Duplex, head: Buffer): void {
    const server = this.server
    if (this.state !== 'asking' || server === null) {
      upstream.destroy()
      return
    }
    this.state = 'open'
    this.upstream = upstream
    const { backends, counters } = this.hall
    const nowMs = performance.now()
    counters.inFlight--
    counters.tunnels++
    this.answered(nowMs, false)
    backends.tunnelOpened(server, nowMs - this.startedMs, nowMs)
    const { client } = this
    for (const socket of [client, upstream] as (Duplex & Partial<IncomingMessage['socket']>)[]) {
      socket.setTimeout?.(0)
      socket.setNoDelay?.(true)
    }
    client.write(headOf(answer, answer.rawHeaders), 'latin1')
    if (head.length > 0) client.write(head)
    client.off('data', this.holdEarly)
    for (const bytes of this.early) upstream.write(bytes)
    upstream.on('error', () => client.destroy())
    upstream.once('close', () => client.end(() => client.destroy()))
    client.pipe(upstream)
    upstream.pipe(client)
  }

  /** The server does not change protocols and answers as to any request: the client gets that, and the connection ends. */
  private refused(answer: IncomingMessage): void {
    if (this.state !== 'asking') return
    this.state = 'over'
    this.client.write(
      headOf(answer, [...responseHeaders(answer.rawHeaders), 'connection', 'close']),
      'latin1',
    )
    answer.pipe(this.client)
    // A client that keeps its half open would stay for ever.
    this.client.once('finish', () => this.client.destroy())
    const done = (complete: boolean): void => {
      if (this.server === null) return
      this.leaveServer(complete ? 'answered' : 'failed', answer.statusCode ?? null)
      this.answered(performance.now(), !complete || (answer.statusCode ?? 0) >= 500)
      if (!complete) this.client.destroy()
    }
    answer.once('end', () => done(true))
    answer.once('close', () => done(false))
    answer.on('error', () => done(false))
  }

  private failed(server: Backend, error: NodeJS.ErrnoException): void {
    if (this.state !== 'asking' || this.server === null) return
    if (error.code === 'ECONNREFUSED') this.hall.backends.refused(server, performance.now())
    this.leaveServer('failed', null)
    this.failedAt = server
    const { retries, backends } = this.hall
    if (this.tries <= retries && this.request.method === 'GET' && backends.hasOther(server) && this.start())
      return
    this.answer(502, 'the server did not open the connection')
  }

  private leaveServer(end: 'answered' | 'failed' | 'left', status: number | null): void {
    const server = this.server
    if (server === null) return
    this.server = null
    const nowMs = performance.now()
    this.hall.counters.inFlight--
    this.hall.backends.ended(server, end, status, nowMs - this.startedMs, nowMs)
    this.hall.line.advance()
  }

  private clientGone(): void {
    const { backends, counters, line, tunnels } = this.hall
    const before = this.state
    this.state = 'over'
    tunnels.delete(this)
    if (before === 'open') {
      this.upstream?.destroy()
      counters.tunnels--
      backends.tunnelClosed(this.server!)
      line.advance()
      return
    }
    if (before === 'over' && this.server === null) return
    counters.aborted++
    line.leave(this)
    this.leaveServer('left', null)
    this.asked?.destroy()
  }

  /** An answer of the balancer's own. */
  private answer(status: number, text: string): void {
    this.state = 'over'
    const body = `${status} ${text}\n`
    const retry = status === 503 ? 'retry-after: 1\r\n' : ''
    this.client.end(
      `HTTP/1.1 ${status} ${STATUS[status] ?? ''}\r\n${retry}content-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      () => this.client.destroy(),
    )
    this.answered(performance.now(), true)
  }

  private answered(nowMs: number, error: boolean): void {
    const { counters } = this.hall
    counters.responses++
    if (error) counters.errors++
    counters.serviceMsSum += nowMs - this.arrivedMs
    if (this.startedMs > 0) counters.upstreamMsSum += nowMs - this.startedMs
  }

  private context(): { clientAddress: string; nowMs: number } {
    return { clientAddress: this.clientAddress, nowMs: performance.now() }
  }
}

const STATUS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function headOf({ statusCode, statusMessage }: IncomingMessage, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${text}\r\n`
}
