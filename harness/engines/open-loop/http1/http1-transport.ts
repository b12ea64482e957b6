import { HarnessError } from '../../../core/errors.ts'
import { DEFAULT_HTTP } from '../../../core/plan.ts'
import type { Outcome } from '../../../core/record.ts'
import type { TargetGuard } from '../../target-guard.ts'
import { errorOutcome, statusOutcome } from '../outcome.ts'
import type { Cancel, Scheduler } from '../scheduler.ts'
import type { Answer, HttpRequest, Line, Phase, Sending, Transport } from '../transport.ts'
import { lookAgainSec } from '../waiting-room.ts'
import { type Asker, Connection, type Endpoint, type WireEnd, type WireRequest } from './connection.ts'
import { ReceivedPage } from './received-page.ts'

export type Http1Options = {
  /** Sent with every request: name, value, name, value … */
  readonly headers?: readonly string[]
  /** Longest wait for each phase of a request, ms; `null`: the shopper's patience decides. */
  readonly timeoutMs?: Partial<Readonly<Record<Phase, number | null>>>
  readonly maxBodyBytes?: number
  readonly tls?: NonNullable<Endpoint['tls']>
  /** Whether each shopper opens connections of their own, as browsers do, or all share them. */
  readonly connections?: 'shared' | 'per-shopper'
}

/** What `ReceivedPage` can unpack; browsers ask for the same. */
const ACCEPT_ENCODING = 'accept-encoding: gzip, deflate, br\r\n'

/**
 * HTTP/1.1 over keep-alive connections, as many as the load needs: an open loop never waits for a free one. Idle
 * connections are a stack, which costs the same however many there are, and lets the ones that are not needed grow old.
 * `refused` is called when the guard stops a connection.
 */
export function http1Transport(
  url: string,
  guard: TargetGuard,
  scheduler: Pick<Scheduler, 'after'>,
  refused: (error: HarnessError) => void,
  options: Http1Options = {},
): Transport {
  const target = new URL(url)
  const isTls = target.protocol === 'https:'
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const site: Site = {
    endpoint: {
      host,
      port: Number(target.port || (isTls ? 443 : 80)),
      lookup: guard.lookup,
      tls: isTls ? (options.tls ?? {}) : null,
      maxBodyBytes: options.maxBodyBytes ?? DEFAULT_HTTP.maxBodyBytes,
    },
    // An address literal is refused before anything is opened; a name when it is resolved.
    refusal: guard.refusal(host),
    refused,
    fixed: `host: ${target.host}\r\n${ACCEPT_ENCODING}${fields(options.headers ?? [])}`,
    scheduler,
    timeoutUs: inUs({ ...DEFAULT_HTTP.timeoutMs, ...options.timeoutMs }),
    all: new Set(),
    closed: false,
  }
  const shared = new Stack(site)
  return {
    line: () => (options.connections === 'per-shopper' ? new Stack(site) : new SharedLine(shared)),
    rest: () => {
      for (const connection of [...site.all]) if (connection.isBusy) connection.destroy()
    },
    close: async () => {
      site.closed = true
      for (const connection of [...site.all]) connection.destroy()
    },
  }
}

function inUs({ connect, headers, body }: Readonly<Record<Phase, number | null>>): Site['timeoutUs'] {
  const us = (ms: number | null) => (ms === null ? null : ms * 1000)
  return { connect: us(connect), headers: us(headers), body: us(body) }
}

/** What all requests to one origin share. */
type Site = {
  readonly endpoint: Endpoint
  readonly refusal: HarnessError | null
  readonly refused: (error: HarnessError) => void
  readonly fixed: string
  readonly scheduler: Pick<Scheduler, 'after'>
  readonly timeoutUs: Readonly<Record<Phase, number | null>>
  /** Connections that are open. */
  readonly all: Set<Connection>
  closed: boolean
}

/** A stack of idle connections, and what is sent over them. */
class Stack implements Line {
  readonly site: Site
  readonly #idle: Connection[] = []
  #hungUp = false

  constructor(site: Site) {
    this.site = site
  }

  send(request: HttpRequest, answered: (answer: Answer) => void): Sending {
    const { site } = this
    if (site.closed || this.#hungUp) return NOTHING
    if (site.refusal) {
      site.refused(site.refusal)
      answered(ending('refused'))
      return NOTHING
    }
    const exchange = new Exchange(this, toWire(request, site.fixed), answered)
    exchange.start(this.#take())
    return exchange
  }

  hangUp(): void {
    this.#hungUp = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  open(): Connection {
    const { endpoint, all } = this.site
    const connection = new Connection(endpoint, (gone) => all.delete(gone))
    all.add(connection)
    return connection
  }

  giveBack(connection: Connection): void {
    if (this.#hungUp) connection.destroy()
    else this.#idle.push(connection)
  }

  #take(): Connection {
    const nowMs = performance.now()
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.isUsable(nowMs)) return connection
      connection.destroy()
    }
    return this.open()
  }
}

/** Everybody's connections: they stay when one shopper leaves. */
class SharedLine implements Line {
  readonly #stack: Stack
  constructor(stack: Stack) {
    this.#stack = stack
  }
  send(request: HttpRequest, answered: (answer: Answer) => void): Sending {
    return this.#stack.send(request, answered)
  }
  hangUp(): void {}
}

/** One request until its answer, on a second connection if the first turns out to be closed. */
class Exchange implements Asker, Sending {
  readonly repeatable: boolean
  readonly #stack: Stack
  readonly #wire: WireRequest
  readonly #answered: (answer: Answer) => void
  #connection: Connection | null = null
  #cancelTimeout: Cancel | null = null
  #phase: Phase = 'connect'

  constructor(stack: Stack, wire: WireRequest, answered: (answer: Answer) => void) {
    this.#stack = stack
    this.#wire = wire
    this.#answered = answered
    this.repeatable = wire.repeatable
  }

  get phase(): Phase {
    return this.#phase
  }

  start(connection: Connection): void {
    this.#connection = connection
    connection.send(this.#wire, this)
  }

  cancel(): void {
    this.#leave()?.destroy()
  }

  entered(phase: Phase): void {
    this.#phase = phase
    this.#cancelTimeout?.()
    this.#cancelTimeout = null
    const { timeoutUs, scheduler } = this.#stack.site
    const us = timeoutUs[phase]
    if (us === null) return
    this.#cancelTimeout = scheduler.after(us, () => {
      this.cancel()
      this.#answered({ ...ending('timeout'), timedOutIn: phase })
    })
  }

  ended(end: WireEnd): void {
    const connection = this.#leave()
    if (end.kind === 'stale') {
      this.start(this.#stack.open())
      return
    }
    // Back on the stack first: whoever takes the answer may want to send at once.
    if (end.kind === 'answer' && connection?.isUsable(performance.now())) this.#stack.giveBack(connection)
    this.#answered(this.#toAnswer(end))
  }

  #leave(): Connection | null {
    this.#cancelTimeout?.()
    this.#cancelTimeout = null
    const connection = this.#connection
    this.#connection = null
    return connection
  }

  #toAnswer(end: Exclude<WireEnd, { kind: 'stale' }>): Answer {
    const { site } = this.#stack
    switch (end.kind) {
      case 'answer': {
        const { status, retryAfter, fromWaitingRoom, setCookies, location } = end.answer.head
        const page = new ReceivedPage(end.answer, site.endpoint.maxBodyBytes)
        return {
          outcome: fromWaitingRoom ? 'queued' : statusOutcome(status, retryAfter !== null),
          page,
          setCookies,
          location,
          timedOutIn: null,
          lookAgainSec: fromWaitingRoom ? lookAgainSec(retryAfter) : null,
        }
      }
      case 'too-large':
        return ending('failed-check')
      case 'error':
        if (end.error instanceof HarnessError) site.refused(end.error)
        return ending(errorOutcome(end.error))
    }
  }
}

const NOTHING: Sending = { phase: 'connect', cancel: () => {} }
const NO_COOKIES: readonly string[] = []

function ending(outcome: Outcome): Answer {
  return { outcome, page: null, setCookies: NO_COOKIES, location: null, timedOutIn: null, lookAgainSec: null }
}

/** What a request line may hold: a space or a line end in it would be a second request. */
const PATH = /^\/[\x21-\x7e]*$/

function toWire({ method, path, headers, body }: HttpRequest, fixed: string): WireRequest {
  if (!PATH.test(path))
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `"${path}" is no path of a URL: it must begin with / and hold no space, line end or letter beyond ASCII.`,
      where: path,
      hint: 'Encode what goes into it: encodeURIComponent(value).',
    })
  const length = body === null ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return {
    head: `${method} ${path} HTTP/1.1\r\n${fixed}${fields(headers)}${length}\r\n`,
    body,
    repeatable: method === 'GET',
  }
}

/** Characters that would end a line of the head, or that a head may not hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const NO_FIELD_VALUE = /[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/

function fields(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const value = headers[i + 1]!
    // The value alone is checked: names come from this code.
    if (NO_FIELD_VALUE.test(value))
      throw new HarnessError({
        code: 'invalid-scenario',
        message: `the value of the header ${headers[i]} holds a character that no header can carry.`,
        where: headers[i]!,
        hint: 'Idempotency keys and the like are plain ASCII: shopper.uuid() makes one.',
      })
    text += `${headers[i]}: ${value}\r\n`
  }
  return text
}
