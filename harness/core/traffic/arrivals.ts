import type { ArrivalProcess, RateCurve } from '../plan.ts'
import { arrivalClock } from './curve.ts'
import { type Random, STREAMS, sessionRandom } from './random.ts'

/** One shopper's arrival; `atUs` counts from second 0 of the measured part and is negative during the fill. */
export type Arrival = { readonly index: number; readonly atUs: number }

/** An arrival process with everything it needs: a recording's times have been taken out of it. */
export type ReadyProcess =
  | Exclude<ArrivalProcess, { readonly kind: 'replay' | 'recorded' }>
  | { readonly kind: 'replay'; readonly atUs: ArrayLike<number> }

/**
 * The arrivals of a plan in order of time: an inhomogeneous Poisson process, made by sending the sums of unit
 * exponentials through the inverse of the expected arrivals (Çinlar 1975; Lewis & Shedler 1979 §1). During the fill,
 * `fillSec` seconds before second 0, the rate is that of the curve's start. Lazy: a day of arrivals costs no memory.
 * A `balanced` process has the same bursts, but the number of arrivals that its load means; an `even` one has none.
 * A `replay` is what it says.
 * A partition gets every arrival whose index mod `of` is its own, so the partitions together are the whole.
 */
export function* arrivals(
  curve: RateCurve,
  seed: number,
  fillSec: number,
  partition: { readonly index: number; readonly of: number } = { index: 0, of: 1 },
  process: ReadyProcess = { kind: 'poisson' },
): Generator<Arrival, void, undefined> {
  const first = curve[0]
  if (!first) return
  if (process.kind === 'replay') {
    yield* replayed(process.atUs, partition)
    return
  }
  const fill = fillSec > 0 ? [{ atSec: first.atSec - fillSec, perSec: first.perSec }] : []
  const reach = arrivalClock([...fill, ...curve])
  const random = sessionRandom(seed, 0, STREAMS.arrivals)
  const expected =
    process.kind === 'poisson'
      ? poisson(random)
      : process.kind === 'even'
        ? even()
        : balanced(random, process.count)
  let index = 0
  for (const count of expected) {
    const atSec = reach(count)
    if (atSec === null) return
    if (index % partition.of === partition.index) yield { index, atUs: Math.floor(atSec * 1e6) }
    index++
  }
}

/** Arrivals on the axis of expected arrivals: a Poisson process of rate 1, for ever. */
function* poisson(random: Random): Generator<number, never, undefined> {
  for (let count = 0; ; ) {
    count += random.exponential()
    yield count
  }
}

/** One in the middle of each expected arrival. */
function* even(): Generator<number, never, undefined> {
  for (let count = 0.5; ; count++) yield count
}

/** Times that were written down somewhere; a step cannot be filled from them, so there is nothing before second 0. */
function* replayed(
  atUs: ArrayLike<number>,
  { index: part, of }: { readonly index: number; readonly of: number },
): Generator<Arrival, void, undefined> {
  for (let index = part; index < atUs.length; index += of) yield { index, atUs: atUs[index]! }
}

/**
 * The same process under the condition that each stretch of `size` expected arrivals has exactly `size`: given their
 * number, the arrivals of a Poisson process are uniform (Cox & Lewis 1966, §2.1).
 */
function* balanced(random: Random, size: number): Generator<number, never, undefined> {
  for (let stretch = 0; ; stretch++) {
    const within = Array.from({ length: size }, () => (stretch + random.next()) * size)
    yield* within.sort((a, b) => a - b)
  }
}
