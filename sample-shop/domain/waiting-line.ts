const FORGET_AT_ONCE = 1000

/** Where the holder of an arrival number stands. */
export type Place =
  | { readonly in: 'line'; readonly position: number }
  | { readonly in: 'shop'; readonly untilMs: number }
  /** Was called, and `stayMs` are over; or the number was never given out. */
  | { readonly in: 'nowhere' }

export type WaitingLine = {
  /** The next arrival number. */
  arrive(nowMs: number): number
  place(number: number, nowMs: number): Place
  waiting(nowMs: number): number
  /** Numbers called so far. */
  called(nowMs: number): number
}

/**
 * Arrival numbers are called in order, `perSec` a second; calls that nobody waits for are saved up for one second and
 * no longer. Called is called: a shopper who has left the line uses up a place. Time is what the caller says it is,
 * and nothing runs in between.
 */
export function waitingLine({
  perSec,
  stayMs,
}: {
  readonly perSec: number
  readonly stayMs: number
}): WaitingLine {
  let given = 0
  let saved = perSec
  let seenMs: number | null = null
  /** When the numbers after `forgotten` were called: the first one's time is `calledAtMs[0]`. */
  let calledAtMs: number[] = []
  let forgotten = 0
  let over = 0

  const lastCalled = () => forgotten + calledAtMs.length

  function advance(nowMs: number): void {
    const sinceMs = seenMs ?? nowMs
    seenMs = Math.max(sinceMs, nowMs)
    const before = saved
    saved += ((seenMs - sinceMs) * perSec) / 1000
    // The least bit more: tenths of a call do not add up to exactly one.
    const calls = Math.min(given - lastCalled(), Math.floor(saved + 1e-9))
    for (let call = 1; call <= calls; call++) {
      // When it was due, not when somebody looked: nobody's stay grows because it was quiet.
      calledAtMs.push(Math.min(seenMs, sinceMs + Math.max(0, ((call - before) * 1000) / perSec)))
    }
    saved -= calls
    if (lastCalled() === given) saved = Math.min(saved, perSec)
    while (over < calledAtMs.length && calledAtMs[over]! + stayMs <= seenMs) over++
    // Not one by one: that would move the whole list each time.
    if (over > FORGET_AT_ONCE && over > calledAtMs.length / 2) {
      calledAtMs = calledAtMs.slice(over)
      forgotten += over
      over = 0
    }
  }

  return {
    arrive(nowMs) {
      // Calls that were due before are the others' or saved up, not this one's from before it came.
      advance(nowMs)
      given++
      advance(nowMs)
      return given
    },
    place(number, nowMs) {
      advance(nowMs)
      if (number > given || number <= forgotten + over) return { in: 'nowhere' }
      if (number > lastCalled()) return { in: 'line', position: number - lastCalled() }
      return { in: 'shop', untilMs: calledAtMs[number - forgotten - 1]! + stayMs }
    },
    waiting(nowMs) {
      advance(nowMs)
      return given - lastCalled()
    },
    called(nowMs) {
      advance(nowMs)
      return lastCalled()
    },
  }
}
