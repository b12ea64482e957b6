import { expect, test } from 'vitest'
import { coarse, measureCoreSpeed } from './calibrate.ts'

test.each([
  [1, 1],
  [0.86, 1],
  [1.15, 1],
  [1.3, 1.4],
  [0.75, 0.71],
  [2.1, 2],
  [0.5, 0.5],
])('a core %s times as fast as the reference counts as %s', (measured, counted) => {
  expect(coarse(measured)).toBe(counted)
})

test('measures this machine as something a computer can be', () => {
  const speed = measureCoreSpeed()
  expect(speed).toBeGreaterThan(0.05)
  expect(speed).toBeLessThan(20)
  expect(coarse(speed)).toBe(speed)
})
