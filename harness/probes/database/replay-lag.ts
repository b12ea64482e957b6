/** More places than this are thinned out: the lag is then told a little more coarsely. */
const MOST_PLACES = 1000

type Place = { readonly position: number; readonly atUs: number }

/** Tells how far behind a standby is, from the places in the log (bytes) where its primary was seen. */
export class ReplayLag {
  #seen: Place[] = []

  /** The primary's log was this long at that time. */
  writtenAt(position: number, atUs: number): void {
    const last = this.#seen.at(-1)
    if (last?.position === position) return
    // A log that goes back is another server's.
    if (last && position < last.position) this.#seen = []
    this.#seen.push({ position, atUs })
    if (this.#seen.length > MOST_PLACES) this.#seen = this.#seen.filter((_, index) => index % 2 === 0)
  }

  /** Time since the primary was first seen beyond what the standby has replayed, µs; 0 when it was not. */
  of(replayed: number, nowUs: number): number {
    const ahead = this.#seen.findIndex(({ position }) => position > replayed)
    if (ahead < 0) return 0
    // What the standby has behind it is not asked for again.
    this.#seen.splice(0, Math.max(0, ahead - 1))
    return nowUs - this.#seen.find(({ position }) => position > replayed)!.atUs
  }

  bytesBehind(replayed: number): number {
    return Math.max(0, (this.#seen.at(-1)?.position ?? replayed) - replayed)
  }
}
