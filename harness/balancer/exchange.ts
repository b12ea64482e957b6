import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Backend } from './backend.ts'
import type { BackendEnd, Backends } from './backends.ts'
import type { Counters } from './balancer-stats.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import type { Waiting, WaitingLine } from './waiting-line.ts'

/** Methods that change nothing (RFC 9110 §9.2.1): nobody can tell whether they were executed once or twice. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What all exchanges share. */
export type Hall = {
  readonly backends: Backends
  readonly line: WaitingLine
  readonly counters: Counters
  /** How often one request may be sent to another server. */
  readonly retries: number
  /** Connections that asked for an upgrade, to be closed at the end. */
  readonly tunnels: Set<{ close(): void }>
}

/** One request on its way through the balancer: waiting, at a server, answered. It is undici's handler itself, to be cheap. */
export class Exchange implements Dispatcher.DispatchHandler, Waiting {
  waitsFor: Backend | null = null
  private readonly hall: Hall
  private readonly request: IncomingMessage
  private readonly response: ServerResponse
  private readonly clientAddress: string
  private readonly arrivedMs = performance.now()
  private readonly body: Readable | null
  private server: Backend | null = null
  private failedAt: Backend | null = null
  private tries = 0
  private controller: Dispatcher.DispatchController | null = null
  private startedMs = 0
  private upstreamMs = 0
  private status = 0
  private over = false

  constructor(hall: Hall, request: IncomingMessage, response: ServerResponse) {
    this.hall = hall
    this.request = request
    this.response = response
    this.clientAddress = request.socket.remoteAddress ?? ''
    this.body = bodyOf(request)
    hall.counters.requests++
    response.on('close', () => this.clientGone())
  }

  /** Sends the request to a server, or lets it wait for one. */
  begin(): void {
    const { line, backends } = this.hall
    if (line.length === 0 && this.start()) return
    // A server may have come back without anybody having noticed.
    if (line.full) line.advance()
    if (line.full) {
      this.answer(503, 'too many are waiting', { 'retry-after': '1' })
      return
    }
    this.waitsFor = backends.waitsFor(this.context())
    line.join(this)
    line.advance()
  }

  start(): boolean {
    const server = this.hall.backends.pick(this.context(), this.failedAt)
    if (server === null) return false
    // Before anything is sent: a send that fails at once lets the line advance again.
    this.hall.line.leave(this)
    this.sendTo(server)
    return true
  }

  timedOut(): void {
    this.answer(503, 'no server had a place in time', { 'retry-after': '1' })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('client gone'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    text = '',
  ): void {
    if (status < 200 || this.over) return
    this.status = status
    this.response.writeHead(status, text, responseHeaders(textsOf(controller.rawHeaders)))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over || this.response.write(chunk)) return
    controller.pause()
    this.response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.over) return
    this.leaveServer('answered')
    this.response.end()
    this.settle(this.status >= 500)
  }

  onResponseError(_controller: unknown, error: Error & { code?: string }): void {
    if (this.over) return
    const server = this.server!
    const nothingSent = this.controller === null
    if (nothingSent && !isOurFault(error)) this.hall.backends.refused(server, performance.now())
    this.leaveServer(isOurFault(error) ? 'left' : 'failed')
    if (this.response.headersSent) this.breakOff()
    else if (this.mayTryAnother(server, nothingSent) && this.tryAnother(server)) return
    else if (isOurFault(error)) this.answer(400, 'this request cannot be passed on')
    else if (error.code === 'UND_ERR_HEADERS_TIMEOUT') this.answer(504, 'the server did not answer in time')
    else
      this.answer(502, nothingSent ? 'the server refused the connection' : 'the server broke the connection')
  }

  private sendTo(server: Backend): void {
    this.server = server
    this.tries++
    this.controller = null
    this.startedMs = performance.now()
    this.hall.counters.inFlight++
    this.hall.backends.began(server)
    const { method = 'GET', url = '/', rawHeaders } = this.request
    const headers = requestHeaders(rawHeaders, this.clientAddress, this.body !== null)
    server.pool.dispatch(
      { path: url, method: method as Dispatcher.HttpMethod, headers, body: this.body },
      this,
    )
  }

  private mayTryAnother(server: Backend, nothingSent: boolean): boolean {
    if (this.tries > this.hall.retries || !this.hall.backends.hasOther(server)) return false
    return nothingSent || (this.body === null && SAFE.has(this.request.method ?? ''))
  }

  private tryAnother(server: Backend): boolean {
    this.failedAt = server
    return this.start()
  }

  private leaveServer(end: BackendEnd): void {
    const server = this.server
    if (server === null) return
    const nowMs = performance.now()
    const tookMs = nowMs - this.startedMs
    this.server = null
    this.upstreamMs += tookMs
    this.hall.counters.inFlight--
    this.hall.backends.ended(server, end, end === 'answered' ? this.status : null, tookMs, nowMs)
    this.hall.line.advance()
  }

  private clientGone(): void {
    if (this.over) return
    this.over = true
    this.hall.counters.aborted++
    this.hall.line.leave(this)
    this.leaveServer('left')
    this.controller?.abort(new Error('client gone'))
  }

  /** An answer of the balancer's own. */
  private answer(status: number, text: string, headers: Record<string, string> = {}): void {
    const message = `${status} ${text}\n`
    this.response.writeHead(status, {
      ...headers,
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(message),
    })
    this.response.end(message)
    this.settle(true)
  }

  /** The server's answer ended too early: the client must see that, never a complete answer that is none. */
  private breakOff(): void {
    this.settle(true)
    this.request.socket.resetAndDestroy()
  }

  private settle(error: boolean): void {
    this.over = true
    // What is left of a body nobody wants must be read, or the client's next request would wait behind it.
    if (this.body) this.request.unpipe().resume()
    const { counters } = this.hall
    counters.responses++
    if (error) counters.errors++
    counters.serviceMsSum += performance.now() - this.arrivedMs
    counters.upstreamMsSum += this.upstreamMs
  }

  private context(): { clientAddress: string; nowMs: number } {
    return { clientAddress: this.clientAddress, nowMs: performance.now() }
  }
}

/** A stream of its own: undici destroys a body it could not send, and the client's socket must outlive that for the 502. */
function bodyOf(request: IncomingMessage): Readable | null {
  const { headers } = request
  const length = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0))
    return null
  const body = request.pipe(new PassThrough())
  body.on('error', () => {})
  return body
}

function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map((part: Buffer | string) => part.toString('latin1' as 'utf8')) : []
}

/** undici would not even send it (a header it does not allow, a path that is none). */
function isOurFault(error: { code?: string }): boolean {
  return error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_NOT_SUPPORTED'
}
