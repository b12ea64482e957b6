import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'
import type { Cancel } from './scheduler.ts'

export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  /** With its query string. */
  readonly path: string
  /** name, value, name, value … */
  readonly headers: string[]
  readonly body: string | null
}

/** How one attempt ended: `page` is null when no whole answer came. */
export type Answer = {
  readonly outcome: Outcome
  readonly page: Page | null
  readonly setCookies: readonly string[]
}

/** Sends requests to one origin. */
export interface Transport {
  /** Sends now and answers once; the cancel gives the attempt up, after which (as after `close`) no answer comes. */
  send(request: HttpRequest, answered: (answer: Answer) => void): Cancel
  close(): Promise<void>
}
