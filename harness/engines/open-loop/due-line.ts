import type { Due } from './scheduler.ts'

/** One place in a line. */
export type Place = Due & { before: Place | null; behind: Place | null }

/**
 * Due actions that all wait equally long, such as the patience of every shopper: who comes last is due last. Joining and
 * leaving cost the same however many stand there, and who has left is kept no longer.
 */
export class DueLine {
  #first: Place | null = null
  #last: Place | null = null

  /** `dueUs` must not be earlier than that of whoever joined before. */
  join(dueUs: number, order: number, action: () => void): Place {
    const place: Place = { dueUs, order, action, before: this.#last, behind: null }
    if (this.#last) this.#last.behind = place
    else this.#first = place
    this.#last = place
    return place
  }

  first(): Place | null {
    return this.#first
  }

  /** Takes a place out of the line; safe to call twice. */
  leave(place: Place): void {
    if (place.action === null) return
    place.action = null
    if (place.before) place.before.behind = place.behind
    else this.#first = place.behind
    if (place.behind) place.behind.before = place.before
    else this.#last = place.before
    place.before = null
    place.behind = null
  }
}
