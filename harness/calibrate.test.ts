import { expect, test } from 'vitest'
import { coarse, measureCoreSpeed } from './calibrate.ts'

test.each([
  [1, 1],
  [0.86, 1],
  [1.15, 1],
  [1.7, 1],
  [0.6, 1],
  [2.1, 2],
  [0.5, 0.5],
  [2.9, 2.8],
])('a core %s times as fast as the reference counts as %s', (measured, counted) => {
  expect(coarse(measured)).toBe(counted)
})

test('measures this machine as something a computer can be', () => {
  const speed = measureCoreSpeed()
  expect(speed).toBeGreaterThan(0.05)
  expect(speed).toBeLessThan(20)
  expect(coarse(speed)).toBe(speed)
})
