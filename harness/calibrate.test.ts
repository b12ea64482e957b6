import { expect, test } from 'vitest'
import { coarse, coreSpeedReader, measureCoreClass } from './calibrate.ts'

test.each([
  [1, 1],
  [0.7, 1],
  [1.6, 1],
  [2.1, 1],
  [0.5, 0.5],
  [3, 2.8],
])('a core %s times as fast as the reference counts as %s', (measured, counted) => {
  expect(coarse(measured)).toBe(counted)
})

test('measures this machine as something a computer can be', () => {
  const coreClass = measureCoreClass()
  expect(coreClass).toBeGreaterThan(0.05)
  expect(coreClass).toBeLessThan(20)
  expect(coarse(coreClass)).toBe(coreClass)
})

test('a reading costs little CPU, and reads something a core can be', () => {
  const read = coreSpeedReader()
  read()
  const before = process.cpuUsage()
  const readings = Array.from({ length: 200 }, read).sort((a, b) => a - b)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000 / 200).toBeLessThan(2)
  expect(readings[100]).toBeGreaterThan(0.05)
  expect(readings[100]).toBeLessThan(40)
})
