import { WAITING_ROOM_HEADER } from '../waiting-room.ts'

/**
 * Reads HTTP/1.1 responses from a byte stream, however it is cut up (RFC 9112). Strict where leniency would let one answer
 * be taken for another: an answer that breaks the protocol is an error, never a guess. Bodies are handed on as they come
 * and are not kept.
 */
export type ResponseHead = {
  readonly status: number
  /** Lower case, as are the others; empty when absent. */
  readonly contentType: string
  readonly contentEncoding: string
  readonly location: string | null
  readonly setCookies: readonly string[]
  readonly retryAfter: string | null
  /** The answer is the waiting room's, not the page. */
  readonly fromWaitingRoom: boolean
  /** How long the server says it keeps an idle connection (`Keep-Alive: timeout=5`), seconds. */
  readonly idleSec: number | null
}

export interface ResponseSink {
  head(head: ResponseHead): void
  /** The bytes from `from` to before `to`; the buffer is used again afterwards: copy what is kept. */
  body(bytes: Buffer, from: number, to: number): void
  /** The answer is whole; `reusable`: the connection may carry another. */
  end(reusable: boolean): void
  broken(error: ProtocolError): void
}

/** An answer that is not HTTP/1.1, or more of it than anybody should send. */
export class ProtocolError extends Error {
  readonly code = 'PROTOCOL'
}

const MAX_HEAD_BYTES = 64 * 1024
const MAX_TRAILER_BYTES = 16 * 1024
/** A chunk's size line: 16 hex digits and some extension. */
const MAX_SIZE_LINE_BYTES = 4 * 1024
/** Informational answers (1xx) before the real one. */
const MAX_INFORMATIONAL = 32
const CR = 13
const LF = 10
const HEAD_END = Buffer.from('\r\n\r\n')
const NO_COOKIES: readonly string[] = []
/** A line end that is only half there, or a NUL: both have been used to make two readers see two different answers. */
const BROKEN_LINE = /[^\r]\n|\r(?!\n)|\0/
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/

type State =
  | 'head'
  | 'fixed'
  | 'until-close'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'done'
  | 'broken'

export class ResponseParser {
  readonly #sink: ResponseSink
  #state: State = 'head'
  /** Bytes of a head, size line or trailer that is not whole yet. */
  #carry: Buffer | null = null
  /** Bytes left of a fixed body or a chunk. */
  #left = 0
  #reusable = true
  #informational = 0
  #trailerBytes = 0

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** Between two answers: nothing of one has been read. */
  get isIdle(): boolean {
    return this.#state === 'done' || (this.#state === 'head' && this.#carry === null)
  }

  /** Makes ready for the answer to the next request. */
  next(): void {
    this.#state = 'head'
    this.#carry = null
    this.#reusable = true
    this.#informational = 0
    this.#trailerBytes = 0
  }

  /** Bytes as they came. What follows the end of an answer belongs to no request: it breaks the connection. */
  read(bytes: Buffer, from = 0, to = bytes.length): void {
    let at = from
    while (at < to) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at, to)
          break
        case 'fixed':
        case 'chunk':
          at = this.#readCounted(bytes, at, to)
          break
        case 'until-close':
          this.#sink.body(bytes, at, to)
          return
        case 'chunk-size':
          at = this.#readSizeLine(bytes, at, to)
          break
        case 'chunk-end':
          at = this.#readChunkEnd(bytes, at, to)
          break
        case 'trailer':
          at = this.#readTrailer(bytes, at, to)
          break
        case 'done':
          this.#break('the server sent more than its answer')
          return
        case 'broken':
          return
      }
      if (at < 0) return
    }
  }

  /** The server has closed the connection; `false`: in the middle of an answer, which nothing was said of yet. */
  closed(): boolean {
    if (this.#state === 'until-close') {
      this.#state = 'done'
      this.#sink.end(false)
      return true
    }
    return this.#state === 'broken' || this.isIdle
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    let buffer = bytes
    let start = from
    let end: number
    if (this.#carry) {
      const carried = this.#carry.length
      buffer = Buffer.concat([this.#carry, bytes.subarray(from, to)])
      start = 0
      end = buffer.indexOf(HEAD_END, Math.max(0, carried - 3))
    } else {
      end = bytes.indexOf(HEAD_END, from)
      if (end + 4 > to) end = -1
    }
    if (end < 0) {
      const have = buffer === bytes ? Buffer.from(bytes.subarray(from, to)) : buffer
      if (have.length > MAX_HEAD_BYTES) return this.#break(`a head of more than ${MAX_HEAD_BYTES} bytes`)
      this.#carry = have
      return to
    }
    if (end - start > MAX_HEAD_BYTES) return this.#break(`a head of more than ${MAX_HEAD_BYTES} bytes`)
    const consumed = end + 4 - start - (this.#carry?.length ?? 0)
    this.#carry = null
    return this.#takeHead(buffer.toString('latin1', start, end)) ? from + consumed : -1
  }

  #takeHead(text: string): boolean {
    if (BROKEN_LINE.test(text)) return this.#broke('a line of the head ends in the middle')
    const lineEnd = text.indexOf('\r\n')
    const match = STATUS_LINE.exec(lineEnd < 0 ? text : text.slice(0, lineEnd))
    if (!match) return this.#broke('the answer does not begin with an HTTP/1.1 status line')
    const isOld = match[1] === '0'
    const status = Number(match[2])
    const fields = readFields(text, lineEnd < 0 ? text.length : lineEnd + 2)
    if (typeof fields === 'string') return this.#broke(fields)

    if (status < 200) {
      if (status === 101) return this.#broke('the server changed the protocol, which nobody asked for')
      if (++this.#informational > MAX_INFORMATIONAL) return this.#broke('too many informational answers')
      return true
    }
    const { connection, length, encoding } = fields
    this.#reusable = isOld ? /\bkeep-alive\b/.test(connection) : !/\bclose\b/.test(connection)
    if (encoding !== null) {
      // Both would let two readers disagree on where the answer ends (RFC 9112 §6.1).
      if (length !== null) return this.#broke('both Content-Length and Transfer-Encoding')
      if (encoding !== 'chunked' || isOld)
        return this.#broke(`Transfer-Encoding "${encoding}" was not asked for`)
    }
    this.#sink.head({ ...fields.head, status })
    if (status === 204 || status === 304 || length === 0) this.#finish()
    else if (encoding !== null) this.#state = 'chunk-size'
    else if (length !== null) {
      this.#state = 'fixed'
      this.#left = length
    } else {
      this.#state = 'until-close'
      this.#reusable = false
    }
    return true
  }

  #readCounted(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#left)
    this.#left -= end - from
    this.#sink.body(bytes, from, end)
    if (this.#left > 0) return end
    if (this.#state === 'fixed') this.#finish()
    else if (this.#state === 'chunk') this.#state = 'chunk-end'
    return end
  }

  #readSizeLine(bytes: Buffer, from: number, to: number): number {
    const line = this.#takeLine(bytes, from, to, MAX_SIZE_LINE_BYTES)
    if (line === null) return this.#state === 'broken' ? -1 : to
    const match = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(line.text)
    if (!match) return this.#break('a chunk without its size')
    this.#left = Number.parseInt(match[1]!, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    return line.next
  }

  #readChunkEnd(bytes: Buffer, from: number, to: number): number {
    const line = this.#takeLine(bytes, from, to, 2)
    if (line === null) return this.#state === 'broken' ? -1 : to
    if (line.text !== '') return this.#break('a chunk longer than its size')
    this.#state = 'chunk-size'
    return line.next
  }

  #readTrailer(bytes: Buffer, from: number, to: number): number {
    const line = this.#takeLine(bytes, from, to, MAX_TRAILER_BYTES)
    if (line === null) return this.#state === 'broken' ? -1 : to
    this.#trailerBytes += line.text.length
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return this.#break('endless trailers')
    if (line.text === '') this.#finish()
    return line.next
  }

  /** One line without its end; `null`: not whole yet, or broken. */
  #takeLine(bytes: Buffer, from: number, to: number, most: number): { text: string; next: number } | null {
    const at = bytes.indexOf(LF, from)
    const end = at < 0 || at >= to ? to : at + 1
    const carried = this.#carry?.length ?? 0
    if (end - from + carried > most + 2) {
      this.#break('a line of a chunk that does not end')
      return null
    }
    const part = bytes.subarray(from, end)
    const whole = this.#carry ? Buffer.concat([this.#carry, part]) : part
    if (whole[whole.length - 1] !== LF) {
      this.#carry = this.#carry ? whole : Buffer.from(part)
      return null
    }
    this.#carry = null
    if (whole[whole.length - 2] !== CR) {
      this.#break('a line of a chunk ends in LF alone')
      return null
    }
    return { text: whole.toString('latin1', 0, whole.length - 2), next: end }
  }

  #finish(): void {
    this.#state = 'done'
    this.#sink.end(this.#reusable)
  }

  #break(why: string): -1 {
    this.#state = 'broken'
    this.#reusable = false
    this.#sink.broken(new ProtocolError(why))
    return -1
  }

  #broke(why: string): false {
    this.#break(why)
    return false
  }
}

type Fields = {
  readonly head: Omit<ResponseHead, 'status'>
  readonly connection: string
  readonly length: number | null
  readonly encoding: string | null
}

/** The fields that matter here; a text says what is wrong with the head. */
function readFields(text: string, from: number): Fields | string {
  let connection = ''
  let length: number | null = null
  let encoding: string | null = null
  let contentType = ''
  let contentEncoding = ''
  let location: string | null = null
  let setCookies: string[] | null = null
  let retryAfter: string | null = null
  let fromWaitingRoom = false
  let idleSec: number | null = null
  for (let at = from; at < text.length; ) {
    const found = text.indexOf('\r\n', at)
    const end = found < 0 ? text.length : found
    const colon = text.indexOf(':', at)
    if (colon <= at || colon >= end) return 'a line of the head without a name'
    const before = text.charCodeAt(colon - 1)
    const first = text.charCodeAt(at)
    if (before === 32 || before === 9 || first === 32 || first === 9) return 'a space where a name should be'
    // Names that matter have these lengths: the others are not even looked at.
    switch (colon - at) {
      case 8:
        if (isName(text, at, colon, 'location')) location = text.slice(colon + 1, end).trim()
        break
      case 10:
        if (isName(text, at, colon, 'connection'))
          connection += ` ${text.slice(colon + 1, end).toLowerCase()}`
        else if (isName(text, at, colon, 'set-cookie')) {
          setCookies ??= []
          setCookies.push(text.slice(colon + 1, end).trim())
        } else if (isName(text, at, colon, 'keep-alive')) {
          const timeout = /\btimeout\s*=\s*(\d{1,6})\b/i.exec(text.slice(colon + 1, end))
          if (timeout) idleSec = Number(timeout[1])
        }
        break
      case 11:
        if (isName(text, at, colon, 'retry-after')) retryAfter = text.slice(colon + 1, end).trim()
        break
      case 12:
        if (isName(text, at, colon, 'content-type'))
          contentType = text
            .slice(colon + 1, end)
            .trim()
            .toLowerCase()
        break
      case 14:
        if (isName(text, at, colon, WAITING_ROOM_HEADER)) fromWaitingRoom = true
        else if (isName(text, at, colon, 'content-length')) {
          const said = text.slice(colon + 1, end).trim()
          if (!/^\d{1,15}$/.test(said))
            return `Content-Length "${said.slice(0, 40)}" is not a number of bytes`
          if (length !== null && length !== Number(said)) return 'two different Content-Lengths'
          length = Number(said)
        }
        break
      case 16:
        if (isName(text, at, colon, 'content-encoding'))
          contentEncoding = text
            .slice(colon + 1, end)
            .trim()
            .toLowerCase()
        break
      case 17:
        if (isName(text, at, colon, 'transfer-encoding')) {
          const said = text
            .slice(colon + 1, end)
            .trim()
            .toLowerCase()
          encoding = encoding === null ? said : `${encoding}, ${said}`
        }
        break
    }
    at = end + 2
  }
  return {
    head: {
      contentType,
      contentEncoding,
      location,
      setCookies: setCookies ?? NO_COOKIES,
      retryAfter,
      fromWaitingRoom,
      idleSec,
    },
    connection,
    length,
    encoding,
  }
}

function isName(text: string, from: number, to: number, name: string): boolean {
  return text.slice(from, to).toLowerCase() === name
}
