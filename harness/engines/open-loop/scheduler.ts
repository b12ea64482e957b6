/** What the engine needs of time. The real one sits on one timer; tests put virtual time behind it. */
export interface Scheduler {
  /** Microseconds since the run's t0. */
  nowUs(): number
  /** Runs an action at that time, never before it; late when the process was held up. */
  at(dueUs: number, action: () => void): Cancel
  /** Runs an action that long from now. Made for many actions with few different delays, most of them cancelled. */
  after(delayUs: number, action: () => void): Cancel
  /** Runs an action after answers that already lie in the sockets have been read. */
  afterPolling(action: () => void): void
}

export type Cancel = () => void

/** A due action; `action` becomes null when it is cancelled. */
export type Due = { readonly dueUs: number; readonly order: number; action: (() => void) | null }
