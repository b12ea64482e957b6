import type { SlotLine } from '../record.ts'
import type { Slo } from '../scenario.ts'
import { judgeSlo, type SloJudgement } from './slo.ts'
import { type RouteTallies, tallyClicks } from './tally-clicks.ts'

/** A second is told of when the next one is over too: clicks of a shop that keeps up have ended by then. */
const TOLD_AFTER_SEC = 1
/** While more clicks of a window than this share still wait, those that ended are no fair sample: fast failures mostly. */
const ENOUGH_ENDED = 0.9
/** Nobody waits for stragglers any longer: a click without an answer after this time has failed all clicks' rule. */
const LONGEST_WAIT_SEC = 30

/**
 * The clicks of the last seconds of a segment while it runs, judged by the functions that judge it at its end. Seconds
 * are those of intended start on the segment's own clock. The window is the latest one whose clicks have nearly all
 * ended: while the shop keeps up that is the last seconds there are, while it hangs those before them. Only the window is
 * kept, and the 30 s that it may lie back.
 */
export class LiveSlo {
  readonly #startUs: number
  readonly #longestSec: number
  readonly #slots = new Map<number, SlotLine[]>()
  readonly #told = new Map<number, number>()
  readonly #intended = new Map<number, number>()
  /** Seconds before this one have been told of. */
  #toldSec = 0

  /** `startUs`: the segment's second 0, µs since t0. `longestSec`: the longest window that will be asked for. */
  constructor(startUs: number, longestSec: number) {
    this.#startUs = startUs
    this.#longestSec = longestSec
  }

  /** How many seconds are kept. */
  get keptSec(): number {
    return Math.max(this.#slots.size, this.#intended.size)
  }

  /** Takes a slot line as it streams in; attempts, and clicks that are not measured or too old, are passed over. */
  add(slot: SlotLine): void {
    const { of, sec, n } = slot
    if (of !== 'click' || sec < Math.max(0, this.#oldestSec)) return
    const lines = this.#slots.get(sec)
    if (lines) lines.push(slot)
    else this.#slots.set(sec, [slot])
    this.#told.set(sec, (this.#told.get(sec) ?? 0) + n)
  }

  /**
   * The engine has told what it knows at this time, µs since t0; `intended`: clicks begun since it told before. What has
   * left every window is forgotten.
   */
  tick(atUs: number, intended: number): void {
    const sec = Math.floor((atUs - this.#startUs) / 1e6)
    this.#intended.set(sec - 1, (this.#intended.get(sec - 1) ?? 0) + intended)
    this.#toldSec = Math.max(this.#toldSec, sec - TOLD_AFTER_SEC)
    for (const bySec of [this.#slots, this.#told, this.#intended])
      for (const old of bySec.keys()) if (old < this.#oldestSec) bySec.delete(old)
  }

  /** The clicks of the latest window of `overSec` seconds; `null` while there is none yet. */
  tallies(overSec: number): RouteTallies | null {
    const lastSec = this.#toldSec - LONGEST_WAIT_SEC
    for (let endSec = this.#toldSec; endSec >= Math.max(overSec, lastSec); endSec--) {
      const told = sumOf(this.#told, endSec - overSec, endSec)
      const waiting = sumOf(this.#intended, endSec - overSec, endSec) - told
      const hasEnded = waiting <= (1 - ENOUGH_ENDED) * (told + waiting)
      if (!hasEnded && endSec > lastSec) continue
      const tallies = tallyClicks(this.#slotsBetween(endSec - overSec, endSec))
      return hasEnded ? tallies : withFailed(tallies, waiting)
    }
    return null
  }

  /** The latest window held against objectives; `null` while there is none yet. */
  judge(overSec: number, slo: Slo): SloJudgement | null {
    const tallies = this.tallies(overSec)
    return tallies && judgeSlo(tallies, slo)
  }

  get #oldestSec(): number {
    return this.#toldSec - this.#longestSec - LONGEST_WAIT_SEC
  }

  #slotsBetween(fromSec: number, toSec: number): SlotLine[] {
    const slots: SlotLine[] = []
    for (let sec = fromSec; sec < toSec; sec++) slots.push(...(this.#slots.get(sec) ?? []))
    return slots
  }
}

function sumOf(bySec: ReadonlyMap<number, number>, fromSec: number, toSec: number): number {
  let sum = 0
  for (let sec = fromSec; sec < toSec; sec++) sum += bySec.get(sec) ?? 0
  return sum
}

/** Which route the clicks are on that nothing was told of, nobody knows. */
function withFailed({ all, byRoute }: RouteTallies, n: number): RouteTallies {
  return { all: { ...all, clicks: all.clicks + n }, byRoute }
}
