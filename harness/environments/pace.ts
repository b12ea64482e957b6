/** Gain of the smoothing: with a reading every 10 ms it follows within a third of a second. */
const GAIN = 0.03

/**
 * How fast this machine's cores are now, relative to the core that budgets are written for. On a shared machine a core
 * slows down by half when a neighbour on the same physical core wakes up, and nothing in /proc shows it. Budgets that
 * follow the speed hand out the same work in every arm; budgets that do not would measure the neighbours.
 */
export class Pace {
  readonly #nominal: number
  readonly #read: () => number
  #readings = 0
  #speed = 1

  /** `nominal`: the core that budgets are in, as `read` reads it. */
  constructor(nominal: number, read: () => number) {
    this.#nominal = nominal
    this.#read = read
  }

  /** 1 = as fast as budgets assume. */
  get speed(): number {
    return this.#speed
  }

  /** The mean counts, not the median: a core switches between two speeds, and the work it does is the mean of both. */
  observe(): void {
    const reading = this.#read() / this.#nominal
    // A clock too coarse to see the work says that it took no time.
    if (!Number.isFinite(reading)) return
    this.#readings++
    const gain = Math.max(GAIN, 1 / this.#readings)
    this.#speed += gain * (reading - this.#speed)
  }

  /**
   * Real cores that stand for a budget, where all budgets together may take `mostCores`: a machine too slow for all of
   * them gives each its part.
   */
  cores(budgetCores: number, allBudgetCores: number, mostCores: number): number {
    return budgetCores * paceFactor(this.#speed, allBudgetCores, mostCores)
  }
}

/** By how much budgets grow on cores of this speed. */
export function paceFactor(speed: number, allBudgetCores: number, mostCores: number): number {
  return Math.min(1 / speed, mostCores / Math.max(1e-9, allBudgetCores))
}
