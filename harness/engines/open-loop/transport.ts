import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'

export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  /** With its query string. */
  readonly path: string
  /** name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: string | null
}

/** How one request ended: `page` is null when no whole answer came. */
export type Answer = {
  readonly outcome: Outcome
  readonly page: Page | null
  readonly setCookies: readonly string[]
  /** Where a 3xx points, as the server wrote it. */
  readonly location: string | null
  /** What was waited for when a time limit of the transport's own ended it; `null`: none did. */
  readonly timedOutIn: Phase | null
  /** Of an answer of the waiting room (`queued`): when to look again, seconds; else `null`. */
  readonly lookAgainSec: number | null
}

/** What a request waits for: a connection, the first byte of its answer, the rest of it. */
export const PHASES = ['connect', 'headers', 'body'] as const
export type Phase = (typeof PHASES)[number]

/** A request under way. */
export interface Sending {
  readonly phase: Phase
  /** Gives it up: no answer comes any more. Safe to call twice, and after the answer. */
  cancel(): void
}

/** Sends requests to one origin. */
export interface Transport {
  /** The connections of one shopper: everybody's, or their own. */
  line(): Line
  /** Gives up what is under way; idle connections stay for the next drive. */
  rest(): void
  close(): Promise<void>
}

export interface Line {
  /** Sends now and answers once; after `cancel`, `hangUp` or the transport's `close` no answer comes. */
  send(request: HttpRequest, answered: (answer: Answer) => void): Sending
  /** The shopper has left. */
  hangUp(): void
}
