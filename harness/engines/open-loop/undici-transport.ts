import type { ConnectionOptions } from 'node:tls'
import { buildConnector, Client, type Dispatcher } from 'undici'
import { HarnessError } from '../../core/errors.ts'
import { DEFAULT_HTTP } from '../../core/plan.ts'
import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'
import type { TargetGuard } from '../target-guard.ts'
import { errorOutcome, statusOutcome } from './outcome.ts'
import type { Answer, HttpRequest, Line, Phase, Sending, Transport } from './transport.ts'
import { lookAgainSec, WAITING_ROOM_HEADER } from './waiting-room.ts'

type UndiciTls = Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca'>

/**
 * undici over keep-alive connections, as many as the load needs: an open loop never waits for a free one. Idle
 * connections are a stack, which costs the same however many there are (undici's Pool searches them all for each
 * request, so that a slow shop would slow the generator). undici's own timeouts are off; the shopper's patience
 * decides. `refused` is called when the guard stops a connection.
 */
export function undiciTransport(
  url: string,
  guard: TargetGuard,
  refused: (error: HarnessError) => void,
  headers: readonly string[] = [],
  tls: UndiciTls = {},
): Transport {
  const { origin } = new URL(url)
  const connect = guardedConnector(guard, tls)
  const all: Client[] = []
  const idle: Client[] = []
  let closed = false
  const newClient = (): Client => {
    const client = new Client(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connect })
    all.push(client)
    return client
  }
  const line: Line = {
    send: (request, answered) => {
      if (closed) return { phase: 'connect', cancel: () => {} }
      const client = idle.pop() ?? newClient()
      const exchange = new Exchange(answered, refused, () => idle.push(client))
      try {
        client.dispatch(dispatchOptions(origin, request, headers), exchange)
      } catch (error) {
        exchange.onResponseError(null, error)
      }
      return exchange
    },
    hangUp: () => {},
  }
  return {
    line: () => line,
    rest: () => {
      // A client that is idle is on the stack; the others are closed with what they do.
      const resting = new Set(idle)
      for (const client of all.splice(0)) {
        if (resting.has(client)) all.push(client)
        else void client.destroy()
      }
    },
    close: async () => {
      closed = true
      await Promise.all(all.map((client) => client.destroy()))
    },
  }
}

/** undici's connector behind the guard: address literals are checked here, names where they are resolved. */
function guardedConnector(guard: TargetGuard, tls: UndiciTls): buildConnector.connector {
  const connector = buildConnector({
    timeout: DEFAULT_HTTP.timeoutMs.connect ?? 0,
    lookup: guard.lookup,
    ...tls,
  })
  return (options, connected) => {
    const refusal = guard.refusal(options.hostname)
    if (refusal) connected(refusal, null)
    else connector(options, connected)
  }
}

function dispatchOptions(
  origin: string,
  { path, method, headers, body }: HttpRequest,
  always: readonly string[],
): Dispatcher.DispatchOptions {
  return { origin, path, method, headers: [...always, ...headers], body }
}

function ending(outcome: Outcome): Answer {
  return { outcome, page: null, setCookies: [], location: null, timedOutIn: null, lookAgainSec: null }
}

const ABANDONED = new Error('given up')

/** One request and its answer, as undici reports it. */
class Exchange implements Dispatcher.DispatchHandler, Sending {
  readonly #answered: (answer: Answer) => void
  readonly #refused: (error: HarnessError) => void
  /** Gives the connection back. */
  readonly #release: () => void
  #controller: Dispatcher.DispatchController | null = null
  #open = true
  #status = 0
  #bytes = 0
  #retryAfter: string | null = null
  #fromWaitingRoom = false
  #isJson = false
  #setCookies: readonly string[] = []
  #location: string | null = null
  readonly #chunks: Buffer[] = []

  constructor(
    answered: (answer: Answer) => void,
    refused: (error: HarnessError) => void,
    release: () => void,
  ) {
    this.#answered = answered
    this.#refused = refused
    this.#release = release
  }

  /** undici does not tell when it has connected. */
  get phase(): Phase {
    return this.#status > 0 ? 'body' : 'headers'
  }

  cancel(): void {
    if (!this.#open) return
    this.#open = false
    this.#controller?.abort(ABANDONED)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.#open) controller.abort(ABANDONED)
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status
    this.#retryAfter = headers['retry-after'] === undefined ? null : String(headers['retry-after'])
    this.#fromWaitingRoom = headers[WAITING_ROOM_HEADER] !== undefined
    this.#isJson = /[/+]json\b/.test(String(headers['content-type'] ?? ''))
    this.#location = typeof headers['location'] === 'string' ? headers['location'] : null
    const cookies = headers['set-cookie']
    if (cookies !== undefined) this.#setCookies = typeof cookies === 'string' ? [cookies] : cookies
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= DEFAULT_HTTP.maxBodyBytes) {
      this.#chunks.push(chunk)
      return
    }
    this.#finish(ending('failed-check'))
    controller.abort(ABANDONED)
  }

  onResponseEnd(): void {
    const page = new ReceivedPage(this.#status, this.#chunks, this.#isJson)
    const queued = this.#fromWaitingRoom
    this.#finish({
      outcome: queued ? 'queued' : statusOutcome(this.#status, this.#retryAfter !== null),
      page,
      setCookies: this.#setCookies,
      location: this.#location,
      timedOutIn: null,
      lookAgainSec: queued ? lookAgainSec(this.#retryAfter) : null,
    })
    this.#release()
  }

  onResponseError(_: unknown, error: unknown): void {
    if (error instanceof HarnessError) this.#refused(error)
    this.#finish(ending(errorOutcome(error)))
    this.#release()
  }

  #finish(answer: Answer): void {
    if (!this.#open) return
    this.#open = false
    this.#answered(answer)
  }
}

/** A page whose text and JSON are read only when a journey asks: most pages are never looked into. */
class ReceivedPage implements Page {
  readonly status: number
  readonly #chunks: readonly Buffer[]
  readonly #isJson: boolean
  #text: string | undefined
  #json: unknown

  constructor(status: number, chunks: readonly Buffer[], isJson: boolean) {
    this.status = status
    this.#chunks = chunks
    this.#isJson = isJson
  }

  get text(): string {
    this.#text ??= Buffer.concat(this.#chunks).toString('utf8')
    return this.#text
  }

  get json(): unknown {
    if (!this.#isJson) return undefined
    this.#json ??= JSON.parse(this.text)
    return this.#json
  }
}
