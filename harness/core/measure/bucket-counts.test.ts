import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BucketCounts } from './bucket-counts.ts'
import { newHistogram, recordUs, toPairs } from './histogram.ts'
import { unpackPairs } from './packed-pairs.ts'

const times = fc.array(fc.oneof(fc.integer({ min: -5, max: 3000 }), fc.integer({ min: 1, max: 2 ** 31 })), {
  maxLength: 300,
})

test('counts what hdr-histogram-js counts, in the same buckets, and again after it was cleared', () => {
  const counts = new BucketCounts()
  fc.assert(
    fc.property(times, (values) => {
      counts.clear()
      const histogram = newHistogram()
      for (const value of values) {
        counts.record(value)
        recordUs(histogram, value)
      }
      expect(counts.n).toBe(values.length)
      expect(unpackPairs(counts.packed())).toEqual(toPairs(histogram))
    }),
  )
})
