import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'
import type { ClickSpec } from './click-spec.ts'
import type { CookieJar } from './cookie-jar.ts'
import type { Samples } from './samples.ts'
import type { Cancel, Scheduler } from './scheduler.ts'
import type { HttpRequest, Transport } from './transport.ts'

/** What one request needs beside the click itself. */
export type Desk = {
  readonly scheduler: Scheduler
  readonly transport: Transport
  readonly samples: Samples
  /** Sent with every request: name, value, name, value … */
  readonly headers: readonly string[]
  readonly timeoutUs: number
}

export type AttemptEnd = {
  readonly outcome: Outcome
  readonly page: Page | null
  readonly sentUs: number
  readonly doneUs: number
}

/** Sends one attempt of a click now and reports its end once: the answer, or `timeout` when patience ran out. */
export function attempt(
  desk: Desk,
  jar: CookieJar,
  spec: ClickSpec,
  ended: (end: AttemptEnd) => void,
): Cancel {
  const { scheduler } = desk
  const sentUs = scheduler.nowUs()
  let open = true
  // A request that cannot even be sent is answered at once, before there is anything to cancel.
  let cancelPatience: Cancel = () => {}
  const cancelRequest = desk.transport.send(toRequest(desk, jar, spec), ({ outcome, page, setCookies }) => {
    if (!open) return
    open = false
    cancelPatience()
    const doneUs = scheduler.nowUs()
    if (setCookies.length > 0) {
      const nowMs = Date.now()
      for (const line of setCookies) jar.take(line, nowMs)
    }
    if (outcome === 'ok' && page) desk.samples.take(spec.route, page, setCookies.length > 0, doneUs - sentUs)
    ended({ outcome, page, sentUs, doneUs })
  })
  if (!open) return cancelPatience
  cancelPatience = scheduler.at(sentUs + desk.timeoutUs, () => {
    // After a pause of our own process the answer may lie in the socket, unread: that is not the shop's fault.
    scheduler.afterPolling(() => {
      if (!open) return
      open = false
      cancelRequest()
      ended({ outcome: 'timeout', page: null, sentUs, doneUs: scheduler.nowUs() })
    })
  })
  return () => {
    open = false
    cancelPatience()
    cancelRequest()
  }
}

function toRequest(desk: Desk, jar: CookieJar, spec: ClickSpec): HttpRequest {
  const headers = desk.headers.slice()
  if (!jar.isEmpty) headers.push('cookie', jar.header())
  if (spec.body !== null) headers.push('content-type', 'application/json')
  if (spec.key !== null) headers.push('idempotency-key', spec.key)
  return { method: spec.method, path: spec.path, headers, body: spec.body }
}
