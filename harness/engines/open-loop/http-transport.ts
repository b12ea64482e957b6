import { buildConnector, Client, type Dispatcher } from 'undici'
import { HarnessError } from '../../core/errors.ts'
import type { Page } from '../../core/scenario.ts'
import type { TargetGuard } from '../target-guard.ts'
import { errorOutcome, statusOutcome } from './outcome.ts'
import type { Answer, HttpRequest, Transport } from './transport.ts'

/** A page larger than this is given up: the generator must not run out of memory for a runaway download. */
const MAX_BODY_BYTES = 8 * 1024 * 1024
const CONNECT_TIMEOUT_MS = 10_000

/**
 * undici over keep-alive connections, as many as the load needs: an open loop never waits for a free one. Idle
 * connections are a stack, which costs the same however many there are (undici's Pool searches them all for each
 * request, so that a slow shop would slow the generator). undici's own timeouts are off; the shopper's patience
 * decides. `refused` is called when the guard stops a connection.
 */
export function httpTransport(
  url: string,
  guard: TargetGuard,
  refused: (error: HarnessError) => void,
): Transport {
  const { origin } = new URL(url)
  const connect = guardedConnector(guard)
  const all: Client[] = []
  const idle: Client[] = []
  let closed = false
  const newClient = (): Client => {
    const client = new Client(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connect })
    all.push(client)
    return client
  }
  return {
    send: (request, answered) => {
      if (closed) return () => {}
      const client = idle.pop() ?? newClient()
      const exchange = new Exchange(answered, refused, () => idle.push(client))
      try {
        client.dispatch(dispatchOptions(origin, request), exchange)
      } catch (error) {
        exchange.onResponseError(null, error)
      }
      return () => exchange.abandon()
    },
    close: async () => {
      closed = true
      await Promise.all(all.map((client) => client.destroy()))
    },
  }
}

/** undici's connector behind the guard: address literals are checked here, names where they are resolved. */
function guardedConnector(guard: TargetGuard): buildConnector.connector {
  const connector = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: guard.lookup })
  return (options, connected) => {
    const refusal = guard.refusal(options.hostname)
    if (refusal) connected(refusal, null)
    else connector(options, connected)
  }
}

function dispatchOptions(origin: string, request: HttpRequest): Dispatcher.DispatchOptions {
  return { origin, path: request.path, method: request.method, headers: request.headers, body: request.body }
}

const ABANDONED = new Error('given up')

/** One request and its answer, as undici reports it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #answered: (answer: Answer) => void
  readonly #refused: (error: HarnessError) => void
  /** Gives the connection back. */
  readonly #release: () => void
  #controller: Dispatcher.DispatchController | null = null
  #open = true
  #status = 0
  #bytes = 0
  #hasRetryAfter = false
  #isJson = false
  #setCookies: readonly string[] = []
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

  abandon(): void {
    this.#open = false
    this.#controller?.abort(ABANDONED)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.#open) controller.abort(ABANDONED)
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status
    this.#hasRetryAfter = headers['retry-after'] !== undefined
    this.#isJson = /[/+]json\b/.test(String(headers['content-type'] ?? ''))
    const cookies = headers['set-cookie']
    if (cookies !== undefined) this.#setCookies = typeof cookies === 'string' ? [cookies] : cookies
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= MAX_BODY_BYTES) {
      this.#chunks.push(chunk)
      return
    }
    this.#finish({ outcome: 'failed-check', page: null, setCookies: [] })
    controller.abort(ABANDONED)
  }

  onResponseEnd(): void {
    const page = new ReceivedPage(this.#status, this.#chunks, this.#isJson)
    const outcome = statusOutcome(this.#status, this.#hasRetryAfter)
    this.#finish({ outcome, page, setCookies: this.#setCookies })
    this.#release()
  }

  onResponseError(_: unknown, error: unknown): void {
    if (error instanceof HarnessError) this.#refused(error)
    this.#finish({ outcome: errorOutcome(error), page: null, setCookies: [] })
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
