/** Gain of the smoothing: with a reading every 100 ms it follows within about a second. */
const GAIN = 0.1
/** Single readings stray (an interrupt, a moment of turbo): the middle one of this many counts. */
const MIDDLE_OF = 3

/**
 * How fast this machine's cores are now, relative to the core that budgets are written for. On a shared machine a core
 * slows down by half when a neighbour on the same physical core wakes up, and nothing in /proc shows it. Budgets that
 * follow the speed hand out the same work in every arm; budgets that do not would measure the neighbours.
 */
export class Pace {
  readonly #nominal: number
  readonly #read: () => number
  #recent: readonly number[]
  #speed = 1

  /** `nominal`: the core that budgets are in, as `read` reads it. */
  constructor(nominal: number, read: () => number) {
    this.#nominal = nominal
    this.#read = read
    this.#speed = median(Array.from({ length: 5 }, read)) / nominal
    this.#recent = new Array<number>(MIDDLE_OF).fill(this.#speed)
  }

  /** 1 = as fast as budgets assume. */
  get speed(): number {
    return this.#speed
  }

  observe(): void {
    this.#recent = [...this.#recent.slice(1), this.#read() / this.#nominal]
    this.#speed += GAIN * (median(this.#recent) - this.#speed)
  }

  /**
   * Real cores that stand for a budget, where all budgets together may take `mostCores`: a machine too slow for all of
   * them gives each its part.
   */
  cores(budgetCores: number, allBudgetCores: number, mostCores: number): number {
    const factor = Math.min(1 / this.#speed, mostCores / Math.max(1e-9, allBudgetCores))
    return budgetCores * factor
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
