import { expect, test } from 'vitest'
import { samplesNeeded } from './samples-needed.ts'

// n ≥ ln 0.05 ÷ ln q: the sample sizes of the one-sided order-statistic bound (Wilks 1941: 59 for 95 %/95 %, 299 for 99 %).
test.each([
  [{ p50Ms: 1 }, [{ bound: 'p50', clicks: 5 }]],
  [{ p95Ms: 1 }, [{ bound: 'p95', clicks: 59 }]],
  [{ p99Ms: 1 }, [{ bound: 'p99', clicks: 299 }]],
  [{ errorRatio: 0.01 }, [{ bound: 'errors', clicks: 299 }]],
  [{ errorRatio: 1 }, [{ bound: 'errors', clicks: 1 }]],
  [
    { p95Ms: 300, errorRatio: 0.05 },
    [
      { bound: 'p95', clicks: 59 },
      { bound: 'errors', clicks: 59 },
    ],
  ],
  [{}, []],
])('%j needs %j', (objective, needed) => {
  expect(samplesNeeded(objective)).toEqual(needed)
})
