import { expect, test } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import type { SegmentSpec } from '../testing/build-segment.ts'
import { repeatedSurges } from './repeated-surges.ts'

const surge = (arm: number): SegmentSpec => ({ purpose: 'surge', perSec: 20, durationSec: 4, arm })
const fixes = [{ id: 'app.scale-out', step: 2 }] as const

test('the later of two surges by the same shoppers on the same topology stands for both', () => {
  const run = buildRun({ arms: [{}, {}, { fixes }], segments: [surge(0), surge(1), surge(2)] })
  expect([...repeatedSurges(run)]).toEqual([0])
})

test('a surge that was cut off stands for nothing', () => {
  const cut = { ...surge(1), engine: null }
  expect(repeatedSurges(buildRun({ arms: [{}, {}], segments: [surge(0), cut], end: null })).size).toBe(0)
})

test('other shoppers are another surge', () => {
  const run = buildRun({ arms: [{}, {}], segments: [surge(0), { ...surge(1), seed: 7 }] })
  expect(repeatedSurges(run).size).toBe(0)
})
