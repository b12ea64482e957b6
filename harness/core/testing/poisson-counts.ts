import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Counts of a Poisson process with this mean in each of `windows` windows; the same for the same seed. */
export function poissonCounts(windows: number, mean: (window: number) => number, seed: number): number[] {
  const rng = xoroshiro128plus(seed)
  return Array.from({ length: windows }, (_, window) => {
    const limit = Math.exp(-mean(window))
    let count = 0
    for (let product = uniformFloat64(rng); product > limit; product *= uniformFloat64(rng)) count++
    return count
  })
}
