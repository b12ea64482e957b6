import { HIGHEST_US } from './histogram.ts'
import { bucketOf, packCounts } from './packed-pairs.ts'

const BUCKETS = bucketOf(HIGHEST_US) + 1

/**
 * A histogram to record into: the same buckets as `histogram.ts` has, as one array of counts. Recording is a few integer
 * operations and allocates nothing, which counts where it is done several times in every request.
 */
export class BucketCounts {
  readonly #counts = new Uint32Array(BUCKETS)
  #from = BUCKETS
  #to = 0
  #n = 0

  /** How many times were recorded. */
  get n(): number {
    return this.#n
  }

  /** Records one time; anything outside 1 µs to 120 s is recorded at its edge. */
  record(us: number): void {
    const bucket = bucketOf(Math.min(HIGHEST_US, Math.max(1, Math.round(us))))
    this.#counts[bucket]!++
    this.#n++
    if (bucket < this.#from) this.#from = bucket
    if (bucket >= this.#to) this.#to = bucket + 1
  }

  /** All that was recorded, as a record holds it. */
  packed(): string {
    return packCounts(this.#counts, this.#from, this.#to)
  }

  clear(): void {
    if (this.#n > 0) this.#counts.fill(0, this.#from, this.#to)
    this.#from = BUCKETS
    this.#to = 0
    this.#n = 0
  }
}
