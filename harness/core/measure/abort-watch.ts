import type { SlotLine } from '../record.ts'
import type { AbortRule } from '../scenario.ts'
import { LiveSlo } from './live-slo.ts'

/** Watches one segment while it runs, for the first of a scenario's `abortWhen` rules whose bound is broken. */
export class AbortWatch {
  readonly #rules: readonly AbortRule[]
  readonly #live: LiveSlo

  /** `startUs`: the segment's second 0, µs since t0. */
  constructor(rules: readonly AbortRule[], startUs: number) {
    this.#rules = rules
    this.#live = new LiveSlo(startUs, Math.max(0, ...rules.map(({ overSec }) => overSec)))
  }

  add(slot: SlotLine): void {
    this.#live.add(slot)
  }

  /**
   * The engine has told what it knows at this time, µs since t0, and began so many clicks since before. Returns the
   * rule that fires, in words such as "62 % of all clicks failed > 50 % over 10 s (abortWhen)"; `null`: none does, or too few clicks tell.
   */
  tick(atUs: number, intended: number): string | null {
    this.#live.tick(atUs, intended)
    for (const { route, overSec, objective } of this.#rules) {
      const broken = this.#live.judge(overSec, { [route]: objective })?.broken[0]
      if (broken !== undefined) return `${broken} over ${overSec} s (abortWhen)`
    }
    return null
  }
}
