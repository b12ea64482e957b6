import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import type { Phase } from '../transport.ts'
import { ProtocolError, type ResponseHead, ResponseParser, type ResponseSink } from './response-parser.ts'

/** Where a connection goes and how. */
export type Endpoint = {
  readonly host: string
  readonly port: number
  /** Resolves names, refusing what must not be loaded. */
  readonly lookup: LookupFunction
  /** `null`: no TLS. */
  readonly tls: Pick<TlsOptions, 'rejectUnauthorized' | 'ca' | 'servername'> | null
  readonly maxBodyBytes: number
}

export type WireRequest = {
  /** Request line and fields, up to and with the empty line; Latin-1. */
  readonly head: string
  readonly body: string | null
  /** Sent again on a fresh connection when an idle one turns out to be closed: nobody can have acted on it. */
  readonly repeatable: boolean
}

/** A whole answer; its body as it came over the wire. */
export type WireAnswer = { readonly head: ResponseHead; readonly body: Buffer }

export type WireEnd =
  | { readonly kind: 'answer'; readonly answer: WireAnswer }
  | { readonly kind: 'error'; readonly error: Error }
  /** The server had closed the idle connection: nothing of an answer came. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'too-large' }

/** Told how a request ended, after which the connection is free or gone. */
export interface Asker {
  readonly repeatable: boolean
  /** What it waits for from now on. */
  entered(phase: Phase): void
  ended(end: WireEnd): void
}

/** One buffer for all sockets of the process: what one reads is worked off before the next reads. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)
/** A server closes an idle connection at the time it says, or a moment before: that moment. */
const IDLE_MARGIN_MS = 1000
/** Servers that do not say: Node's own limit is 5 s. */
const IDLE_DEFAULT_MS = 4000
const EMPTY = Buffer.alloc(0)

/** One HTTP/1.1 connection: one request at a time, no pipelining. */
export class Connection implements ResponseSink {
  readonly #socket: Socket
  readonly #parser = new ResponseParser(this)
  readonly #maxBodyBytes: number
  readonly #gone: (connection: Connection) => void
  #asker: Asker | null = null
  #head: ResponseHead | null = null
  /** The body so far: one piece mostly, several when it came in several. */
  #piece: Buffer | null = null
  #pieces: Buffer[] | null = null
  #bytes = 0
  #anyByte = false
  #uses = 0
  #open = false
  #dead = false
  #reusable = false
  #whole = false
  #protocolError: ProtocolError | null = null
  #idleUntilMs = 0

  constructor(endpoint: Endpoint, gone: (connection: Connection) => void) {
    this.#maxBodyBytes = endpoint.maxBodyBytes
    this.#gone = gone
    this.#socket = endpoint.tls ? this.#openTls(endpoint, endpoint.tls) : this.#openPlain(endpoint)
    this.#socket.once(endpoint.tls ? 'secureConnect' : 'connect', () => {
      this.#open = true
      this.#asker?.entered('headers')
    })
    this.#socket.on('end', () => this.#serverEnded())
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#closed())
  }

  get isBusy(): boolean {
    return this.#asker !== null
  }

  /** Whether it can carry another request now. */
  isUsable(nowMs: number): boolean {
    return !this.#dead && this.#asker === null && (this.#uses === 0 || nowMs < this.#idleUntilMs)
  }

  get phase(): Phase {
    if (!this.#open) return 'connect'
    return this.#anyByte ? 'body' : 'headers'
  }

  send(request: WireRequest, asker: Asker): void {
    this.#uses++
    this.#parser.next()
    this.#whole = false
    this.#head = null
    this.#piece = null
    this.#pieces = null
    this.#bytes = 0
    this.#anyByte = false
    this.#asker = asker
    const socket = this.#socket
    if (request.body === null) {
      socket.write(request.head, 'latin1')
    } else {
      socket.cork()
      socket.write(request.head, 'latin1')
      socket.write(request.body, 'utf8')
      socket.uncork()
    }
    asker.entered(this.phase)
  }

  /** Closes it; the request under way gets no end. */
  destroy(): void {
    if (this.#dead) return
    this.#dead = true
    this.#asker = null
    this.#socket.destroy()
    this.#gone(this)
  }

  // ── what the parser finds ────────────────────────────────────────────────────────────────────────────────────

  head(head: ResponseHead): void {
    this.#head = head
  }

  body(bytes: Buffer, from: number, to: number): void {
    this.#bytes += to - from
    if (this.#bytes > this.#maxBodyBytes) return
    const copy = Buffer.allocUnsafe(to - from)
    bytes.copy(copy, 0, from, to)
    if (this.#piece === null) this.#piece = copy
    else {
      this.#pieces ??= [this.#piece]
      this.#pieces.push(copy)
    }
  }

  end(reusable: boolean): void {
    this.#whole = true
    this.#reusable = reusable
  }

  broken(error: ProtocolError): void {
    this.#protocolError = error
  }

  // ── what the socket tells ────────────────────────────────────────────────────────────────────────────────────

  #openPlain({ host, port, lookup }: Endpoint): Socket {
    const onread = { buffer: READ_BUFFER, callback: (length: number) => this.#read(READ_BUFFER, length) }
    return connectPlain({ host, port, lookup, onread, noDelay: true })
  }

  #openTls({ host, port, lookup }: Endpoint, tls: NonNullable<Endpoint['tls']>): Socket {
    // tls.connect names nobody by itself; an address is never named (RFC 6066 §3), nor is the dot that ends a name.
    const servername = isIP(host) === 0 ? host.replace(/\.$/, '') : ''
    const socket = connectTls({ host, port, lookup, servername, ALPNProtocols: ['http/1.1'], ...tls })
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#read(bytes, bytes.length))
    return socket
  }

  #read(bytes: Buffer, length: number): boolean {
    const asker = this.#asker
    if (!asker) {
      // Nobody asked: whatever it is, it must not become the answer to the next request.
      this.destroy()
      return false
    }
    if (!this.#anyByte) {
      this.#anyByte = true
      asker.entered('body')
    }
    this.#parser.read(bytes, 0, length)
    // Only now: whoever takes the answer may send on this very connection, and the parser must be done with these bytes.
    if (this.#protocolError) this.#fail(this.#protocolError)
    else if (this.#bytes > this.#maxBodyBytes) this.#finish({ kind: 'too-large' }, false)
    else if (this.#whole) this.#answer()
    return !this.#dead
  }

  #answer(): void {
    const head = this.#head
    if (!head) return
    // An answer may come before the request was sent whole; then the rest of it would follow on this connection.
    const reusable = this.#reusable && this.#socket.writableLength === 0
    if (reusable) {
      const idleMs = head.idleSec === null ? IDLE_DEFAULT_MS : head.idleSec * 1000 - IDLE_MARGIN_MS
      this.#idleUntilMs = performance.now() + idleMs
    }
    const body = this.#pieces ? Buffer.concat(this.#pieces) : (this.#piece ?? EMPTY)
    this.#finish({ kind: 'answer', answer: { head, body } }, reusable)
  }

  #finish(end: WireEnd, reusable: boolean): void {
    const asker = this.#asker
    this.#asker = null
    this.#piece = null
    this.#pieces = null
    if (!reusable) this.destroy()
    asker?.ended(end)
  }

  /** The server has said that nothing more will come. */
  #serverEnded(): void {
    if (this.#asker && this.#anyByte && this.#parser.closed() && this.#whole) this.#answer()
    else this.#closed()
  }

  /** The error is made for somebody who waits only: its stack is dear. */
  #closed(): void {
    if (this.#asker) this.#fail(new ConnectionClosed())
    else this.destroy()
  }

  #fail(error: Error): void {
    const asker = this.#asker
    const stale =
      this.#uses > 1 && !this.#anyByte && asker?.repeatable === true && !(error instanceof ProtocolError)
    this.destroy()
    asker?.ended(stale ? { kind: 'stale' } : { kind: 'error', error })
  }
}

/** The server closed the connection before its answer was whole. */
class ConnectionClosed extends Error {
  readonly code = 'ECONNRESET'
  constructor() {
    super('the server closed the connection before its answer was whole')
  }
}
