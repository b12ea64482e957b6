/** How long a budget was in force, and for how much of that its component was held back. Neither goes backwards. */
export class EnforcedTime {
  #sinceNs: bigint | null = null
  #enforcedUs = 0
  #throttledUs = 0
  #countedUs: number
  #countedAtUs = 0

  /** `countedUs`: what the kernel's counter of throttled time says now. */
  constructor(countedUs: number) {
    this.#countedUs = countedUs
  }

  set(on: boolean): void {
    this.#enforcedUs += this.#runningUs()
    this.#sinceNs = on ? process.hrtime.bigint() : null
  }

  read(countedUs: number): { readonly throttledUs: number; readonly enforcedUs: number } {
    const enforcedUs = this.#enforcedUs + this.#runningUs()
    // A group that was made anew counts from 0.
    const grownUs = countedUs < this.#countedUs ? countedUs : countedUs - this.#countedUs
    // The kernel adds up over cores; held back on two cores at once is still held back only once.
    this.#throttledUs += Math.min(grownUs, enforcedUs - this.#countedAtUs)
    this.#countedUs = countedUs
    this.#countedAtUs = enforcedUs
    return { throttledUs: this.#throttledUs, enforcedUs }
  }

  #runningUs(): number {
    return this.#sinceNs === null ? 0 : Number(process.hrtime.bigint() - this.#sinceNs) / 1000
  }
}
