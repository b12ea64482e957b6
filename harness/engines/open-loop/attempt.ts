import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'
import type { Browser } from './browser.ts'
import type { ClickSpec } from './click-spec.ts'
import type { Gate } from './gate.ts'
import { redirected } from './redirect.ts'
import type { Samples } from './samples.ts'
import type { Cancel, Scheduler } from './scheduler.ts'
import type { Answer, HttpRequest, Phase, Sending, Transport } from './transport.ts'

/** What one request needs beside the click itself. */
export type Desk = {
  readonly scheduler: Scheduler
  readonly transport: Transport
  readonly gate: Gate
  readonly samples: Samples
  readonly timeoutUs: number
  /** Of the site: "http://127.0.0.1:8080". */
  readonly origin: string
  /** Redirects within the site that one attempt follows; 0: a redirect is the answer. */
  readonly redirects: number
}

export type AttemptEnd = {
  readonly outcome: Outcome
  readonly page: Page | null
  readonly sentUs: number
  readonly doneUs: number
  /** What was waited for when it timed out. */
  readonly timedOutIn: Phase | null
  /** The shopper stands in the waiting room: when to look again, seconds. */
  readonly lookAgainSec: number | null
}

/**
 * One attempt of a click: sent by `start`, followed where the site redirects it, and its end reported once: the
 * answer, or `timeout` when patience ran out. (A class, and closures without names: this runs once in every request.)
 */
export class Attempt {
  readonly #desk: Desk
  readonly #browser: Browser
  readonly #spec: ClickSpec
  readonly #ended: (end: AttemptEnd) => void
  #sentUs = 0
  #request: HttpRequest
  #redirectsLeft: number
  #sending: Sending | null = null
  #cancelPatience: Cancel | null = null
  #open = true

  constructor(desk: Desk, browser: Browser, spec: ClickSpec, ended: (end: AttemptEnd) => void) {
    this.#desk = desk
    this.#browser = browser
    this.#spec = spec
    this.#ended = ended
    this.#redirectsLeft = desk.redirects
    this.#request = this.#toRequest(spec)
  }

  /** Sends it; a request that cannot even be sent has ended when this returns. */
  start(): void {
    const { scheduler, timeoutUs } = this.#desk
    this.#sentUs = scheduler.nowUs()
    this.#send()
    if (this.#open) this.#cancelPatience = scheduler.after(timeoutUs, () => this.#outOfPatience())
  }

  /** Gives it up: no end is reported. Safe to call twice, and after the end. */
  cancel(): void {
    this.#open = false
    this.#cancelPatience?.()
    this.#sending?.cancel()
  }

  /** What the gate stops stays without an answer: the drive is about to end. */
  #send(): void {
    if (!this.#desk.gate.pass(this.#request.method, this.#spec.route)) return
    this.#sending = this.#browser.line.send(this.#request, (answer) => this.#answered(answer))
  }

  #answered(answer: Answer): void {
    if (!this.#open) return
    const { page, setCookies, timedOutIn, lookAgainSec } = answer
    if (setCookies.length > 0) this.#browser.jar.takeAll(setCookies)
    const next = this.#desk.redirects > 0 ? redirected(this.#request, answer, this.#desk.origin) : null
    if (next && this.#redirectsLeft > 0) {
      this.#redirectsLeft--
      this.#request = { ...next, headers: this.#headers(next.body !== null) }
      this.#send()
      return
    }
    const doneUs = this.#desk.scheduler.nowUs()
    // Round in circles: a page that never comes is no right answer.
    const outcome = next ? 'wrong-status' : answer.outcome
    if (outcome === 'ok' && page)
      this.#desk.samples.take(this.#spec.route, page, setCookies.length > 0, doneUs - this.#sentUs)
    this.#end({ outcome, page, sentUs: this.#sentUs, doneUs, timedOutIn, lookAgainSec })
  }

  #outOfPatience(): void {
    const { scheduler } = this.#desk
    // After a pause of our own process the answer may lie in the socket, unread: that is not the shop's fault.
    scheduler.afterPolling(() => {
      if (!this.#open) return
      const timedOutIn = this.#sending?.phase ?? null
      this.#sending?.cancel()
      this.#end({
        outcome: 'timeout',
        page: null,
        sentUs: this.#sentUs,
        doneUs: scheduler.nowUs(),
        timedOutIn,
        lookAgainSec: null,
      })
    })
  }

  #end(end: AttemptEnd): void {
    this.#open = false
    this.#cancelPatience?.()
    this.#ended(end)
  }

  #toRequest({ method, path, body }: ClickSpec): HttpRequest {
    return { method, path, headers: this.#headers(body !== null), body }
  }

  #headers(withBody: boolean): readonly string[] {
    const { jar } = this.#browser
    const { key } = this.#spec
    if (jar.isEmpty && !withBody && key === null) return NO_HEADERS
    const headers: string[] = []
    if (!jar.isEmpty) headers.push('cookie', jar.header())
    if (withBody) headers.push('content-type', 'application/json')
    if (key !== null) headers.push('idempotency-key', key)
    return headers
  }
}

const NO_HEADERS: readonly string[] = []
