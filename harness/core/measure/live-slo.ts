import type { SlotLine } from '../record.ts'
import type { Slo } from '../scenario.ts'
import { judgeSlo, type SloJudgement } from './slo.ts'
import { type RouteTallies, tallyClicks } from './tally-clicks.ts'

/** A second is told of when the next one is over too: nearly all its clicks have ended by then. */
const TOLD_AFTER_SEC = 1

/**
 * The clicks of the last seconds of a segment while it runs, judged by the functions that judge it at its end. Seconds
 * are those of intended start on the segment's own clock; only the window is kept. A click that still waits for its
 * answer is in none of them: it joins its second when it ends, for as long as that second is in the window.
 */
export class LiveSlo {
  readonly #startUs: number
  readonly #longestSec: number
  readonly #bySec = new Map<number, SlotLine[]>()
  /** Seconds before this one have been told of. */
  #toldSec = 0

  /** `startUs`: the segment's second 0, µs since t0. `longestSec`: the longest window that will be asked for. */
  constructor(startUs: number, longestSec: number) {
    this.#startUs = startUs
    this.#longestSec = longestSec
  }

  /** Takes a slot line as it streams in; attempts, and clicks that are not measured or too old, are passed over. */
  add(slot: SlotLine): void {
    if (slot.of !== 'click' || slot.sec < Math.max(0, this.#toldSec - this.#longestSec)) return
    const lines = this.#bySec.get(slot.sec)
    if (lines) lines.push(slot)
    else this.#bySec.set(slot.sec, [slot])
  }

  /** The engine has told what it knows at this time, µs since t0: seconds that leave the window are forgotten. */
  tick(atUs: number): void {
    const toldSec = Math.floor((atUs - this.#startUs) / 1e6) - TOLD_AFTER_SEC
    this.#toldSec = Math.max(this.#toldSec, toldSec)
    for (const sec of this.#bySec.keys()) {
      if (sec < this.#toldSec - this.#longestSec) this.#bySec.delete(sec)
    }
  }

  /** How many seconds are kept: never more than the window, and those not yet told of. */
  get keptSec(): number {
    return this.#bySec.size
  }

  /** The clicks of the last `overSec` seconds; `null` while the segment has not run for that long. */
  tallies(overSec: number): RouteTallies | null {
    if (this.#toldSec < overSec) return null
    const slots: SlotLine[] = []
    for (let sec = this.#toldSec - overSec; sec < this.#toldSec; sec++) {
      slots.push(...(this.#bySec.get(sec) ?? []))
    }
    return tallyClicks(slots)
  }

  /** The last `overSec` seconds held against objectives; `null` while the segment has not run for that long. */
  judge(overSec: number, slo: Slo): SloJudgement | null {
    const tallies = this.tallies(overSec)
    return tallies && judgeSlo(tallies, slo)
  }
}
