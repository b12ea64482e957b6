import { build, type Histogram } from 'hdr-histogram-js'
import type { HistogramPairs } from '../record.ts'
import { unpackPairs } from './packed-pairs.ts'

/**
 * Times in integer microseconds, 1 µs to 120 s, 2 significant digits (a bucket is at most 1 % wide).
 * The JS build of hdr-histogram-js: histograms merge without loss, percentiles are never averaged.
 */
export const HIGHEST_US = 120_000_000

export type { Histogram }

export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 2,
    autoResize: false,
    useWebAssembly: false,
  })
}

/** Records one time; anything outside the range is recorded at its edge. */
export function recordUs(histogram: Histogram, us: number): void {
  histogram.recordValue(Math.min(HIGHEST_US, Math.max(1, Math.round(us))))
}

/** A histogram from the pairs of any number of slot lines. */
export function fromPairs(...many: readonly HistogramPairs[]): Histogram {
  const histogram = newHistogram()
  for (const pairs of many) addPairs(histogram, pairs)
  return histogram
}

export function addPairs(histogram: Histogram, written: HistogramPairs): void {
  const pairs = plainPairs(written)
  for (let i = 0; i + 1 < pairs.length; i += 2) histogram.recordValueWithCount(pairs[i]!, pairs[i + 1]!)
}

/** Share q (0..1) of the recorded times lies at or below this many µs; `null` when nothing was recorded. */
export function quantileUs(histogram: Histogram, q: number): number | null {
  return histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(q * 100)
}

/** What the JS build has beyond the published interface: its buckets, one by one. */
type Buckets = {
  readonly countsArrayLength: number
  getCountAtIndex(index: number): number
  valueFromIndex(index: number): number
}

/** The buckets that hold something, as value, count, value, count … */
export function toPairs(histogram: Histogram): readonly number[] {
  const buckets = histogram as unknown as Buckets
  const pairs: number[] = []
  let left = histogram.totalCount
  for (let index = 0; left > 0 && index < buckets.countsArrayLength; index++) {
    const count = buckets.getCountAtIndex(index)
    if (count === 0) continue
    pairs.push(buckets.valueFromIndex(index), count)
    left -= count
  }
  return pairs
}

/** How many of the recorded times are at most `us` (to the bucket's width). */
export function countAtMost(written: HistogramPairs, us: number): number {
  const pairs = plainPairs(written)
  let count = 0
  for (let i = 0; i + 1 < pairs.length && pairs[i]! <= us; i += 2) count += pairs[i + 1]!
  return count
}

function plainPairs(written: HistogramPairs): readonly number[] {
  return typeof written === 'string' ? unpackPairs(written) : written
}
