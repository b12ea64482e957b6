import type { Backend } from './backend.ts'

/** A request without a server yet. */
export type Waiting = {
  /** Leaves the line for a server if one has a place for it; says whether it went. */
  readonly start: () => boolean
  readonly timedOut: () => void
  readonly waitsFor: Backend | null
}

type Place = { readonly waiting: Waiting; readonly timer: NodeJS.Timeout }

/** Requests waiting for a place at a server: a bounded number, first come first served, each for at most the queue timeout. */
export class WaitingLine {
  private readonly timeoutMs: number
  private readonly longest: number
  private readonly places = new Map<Waiting, Place>()

  constructor(timeoutMs: number, longest: number | null) {
    this.timeoutMs = timeoutMs
    this.longest = longest ?? Number.POSITIVE_INFINITY
  }

  get length(): number {
    return this.places.size
  }

  get full(): boolean {
    return this.places.size >= this.longest
  }

  join(waiting: Waiting): void {
    const timer = setTimeout(() => {
      this.leave(waiting)
      waiting.timedOut()
    }, this.timeoutMs)
    this.places.set(waiting, { waiting, timer })
    if (waiting.waitsFor) waiting.waitsFor.queued++
  }

  leave(waiting: Waiting): void {
    const place = this.places.get(waiting)
    if (!place) return
    clearTimeout(place.timer)
    this.places.delete(waiting)
    if (waiting.waitsFor) waiting.waitsFor.queued--
  }

  /** A place came free: whoever can go, goes, in order of arrival. */
  advance(): void {
    for (const { waiting } of this.places.values()) {
      // Without a server of its own to wait for, the next in line would find no place either.
      if (!waiting.start() && waiting.waitsFor === null) return
    }
  }
}
