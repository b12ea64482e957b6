import { STREAMS, sessionRandom } from './random.ts'

/** Sessions of one deal: their shares of the mix are exact up to one session. */
const DEAL = 20

/**
 * Where each session falls on the line of the journeys' weights, as a number in [0, 1) that is uniform for each session
 * by itself. Sessions are dealt in rounds of 20 that cover the line evenly, in random order (systematic sampling, Cochran
 * 1977, ch. 8): so every second of traffic has the mix the scenario asks for, and no step is dearer than another because
 * chance sent it more of the expensive journey. From (seed, index) alone, like every other stream.
 */
export function dealer(seed: number): (index: number) => number {
  let round = -1
  let places: readonly number[] = []
  return (index) => {
    const wanted = Math.floor(index / DEAL)
    if (wanted !== round) {
      round = wanted
      places = dealRound(seed, round)
    }
    return places[index - wanted * DEAL]!
  }
}

function dealRound(seed: number, round: number): readonly number[] {
  const random = sessionRandom(seed, round, STREAMS.roles)
  const offset = random.next()
  const places = Array.from({ length: DEAL }, (_, place) => (place + offset) / DEAL)
  // Fisher–Yates, as in Knuth, TAOCP 2, §3.4.2, algorithm P.
  for (let last = DEAL - 1; last > 0; last--) {
    const other = random.int(last + 1)
    const held = places[last]!
    places[last] = places[other]!
    places[other] = held
  }
  return places
}
