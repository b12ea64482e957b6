import { expect, it } from 'vitest'
import { readRun } from '../run-data.ts'
import { buildRun, recordLines } from './build-run.ts'
import { poissonCounts } from './poisson-counts.ts'

it('builds what reading its own lines gives back, whatever their order', () => {
  const run = buildRun({
    segments: [
      { purpose: 'surge', perSec: 8, durationSec: 3, second: () => ({ errorRatio: 0.2 }) },
      { perSec: 20 },
    ],
    events: [{ atUs: 5, name: 'note', detail: 'a note' }],
    invariants: [{ atUs: 6, arm: 0, name: 'no oversell', held: true, detail: 'no rows' }],
  })
  expect(readRun(recordLines(run))).toEqual(run)
  expect(run.segments[0]!.slots.length).toBeGreaterThan(0)
  expect(run.segments[0]!.series.length).toBeGreaterThan(0)
  expect(run.segments[1]!.orders).toHaveLength(16)
})

it('counts as a Poisson process does: mean and variance agree', () => {
  const counts = poissonCounts(5000, () => 6, 1)
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length
  expect(mean).toBeCloseTo(6, 0)
  expect(variance / mean).toBeGreaterThan(0.9)
  expect(variance / mean).toBeLessThan(1.1)
})
