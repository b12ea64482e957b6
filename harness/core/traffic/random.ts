import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** A seeded stream of random numbers; the same seed gives the same numbers on any machine. */
export type Random = {
  /** The next number in [0, 1). */
  next(): number
  /** An integer in [0, n), each equally often. */
  int(n: number): number
  /** A unit exponential (mean 1). */
  exponential(): number
  /** A standard normal (mean 0, variance 1). */
  normal(): number
  /** A rank in 1..n with P(k) proportional to 1/k. */
  zipf(n: number): number
}

/** Streams of one seed that must not touch each other. */
export const STREAMS = { arrivals: 0, choices: 1, thinking: 2, keys: 3, roles: 4 } as const

/**
 * The random stream of one session (or of the arrivals), from (seed, index, stream) alone, so that sessions may be
 * run in any order, on any partition, and still do the same.
 */
export function sessionRandom(seed: number, index: number, stream: number = STREAMS.choices): Random {
  return new Stream(newGenerator(seed, index, stream))
}

type Generator = ReturnType<typeof xoroshiro128plusFromState>

class Stream implements Random {
  readonly #generator: Generator

  constructor(generator: Generator) {
    this.#generator = generator
  }

  next(): number {
    return uniformFloat64(this.#generator)
  }

  int(n: number): number {
    return Math.floor(this.next() * n)
  }

  exponential(): number {
    return -Math.log1p(-this.next())
  }

  /** Box and Muller (1958), of whose pair one is used: every draw takes two numbers, whatever was drawn before. */
  normal(): number {
    const radius = Math.sqrt(2 * this.exponential())
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  zipf(n: number): number {
    return zipfRank(n, this.next())
  }
}

function newGenerator(seed: number, index: number, stream: number): Generator {
  let hash = mix(seed | 0) ^ mix(Math.floor(seed / 2 ** 32) ^ 0x5bd1e995)
  hash = mix(hash ^ mix(index | 0))
  // The four words of the state: splitmix-like, a Weyl sequence through a bijective mixer.
  const word = (k: number) =>
    mix((hash + Math.imul(k + 1, 0x9e3779b9)) ^ Math.imul(index, 0x85ebca6b) ^ (stream << 24))
  return xoroshiro128plusFromState([word(0), word(1), word(2), word(3) | 1])
}

/** The 32-bit finaliser of MurmurHash3 (Appleby): a bijection in which every bit depends on every bit. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Inverse of the Zipf distribution's cumulative H(k)/H(n): the smallest rank whose share reaches u. O(log n). */
function zipfRank(n: number, u: number): number {
  const target = u * harmonic(n)
  let low = 1
  let high = n
  while (low < high) {
    const middle = (low + high) >>> 1
    if (harmonic(middle) > target) high = middle
    else low = middle + 1
  }
  return low
}

const EULER_MASCHERONI = 0.5772156649015329
const EXACT_HARMONICS = (() => {
  const sums = [0]
  for (let k = 1; k < 256; k++) sums.push(sums[k - 1]! + 1 / k)
  return sums
})()

/**
 * H(n) = 1 + 1/2 + … + 1/n: summed up to 255, above that by its asymptotic series
 * ln n + γ + 1/2n − 1/12n² + 1/120n⁴ (Knuth, TAOCP 1, §1.2.7), whose error there is below 1e-16.
 */
function harmonic(n: number): number {
  const exact = EXACT_HARMONICS[n]
  if (exact !== undefined) return exact
  const square = n * n
  return Math.log(n) + EULER_MASCHERONI + 1 / (2 * n) - 1 / (12 * square) + 1 / (120 * square * square)
}
