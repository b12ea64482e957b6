import { expect, test } from 'vitest'
import { limitFailures } from './limit-failures.ts'

const LIMITS = { perAddress: 3, overall: 5, windowMs: 1000 }

test('an address that failed too often waits for the end of the window; others do not', () => {
  const limit = limitFailures(LIMITS)
  for (const nowMs of [100, 200, 300]) {
    expect(limit.waitMs('a', nowMs)).toBe(0)
    limit.failed('a', nowMs)
  }
  expect(limit.waitMs('a', 400)).toBe(700)
  expect(limit.waitMs('b', 400)).toBe(0)
  expect(limit.waitMs('a', 1099)).toBe(1)
  expect(limit.waitMs('a', 1100)).toBe(0)
  limit.failed('a', 1100)
  expect(limit.waitMs('a', 1101)).toBe(0)
})

test('changing addresses does not help: all together may fail so often', () => {
  const limit = limitFailures(LIMITS)
  for (const address of ['a', 'b', 'c', 'd', 'e']) limit.failed(address, 0)
  expect(limit.waitMs('f', 500)).toBe(500)
  expect(limit.waitMs('f', 1000)).toBe(0)
})

test('who succeeds may fail again as often, but frees nobody else', () => {
  const limit = limitFailures(LIMITS)
  for (let n = 0; n < 2; n++) limit.failed('a', 0)
  limit.succeeded('a')
  for (let n = 0; n < 2; n++) limit.failed('a', 0)
  expect(limit.waitMs('a', 0)).toBe(0)
  limit.failed('b', 0)
  limit.succeeded('b')
  expect(limit.waitMs('b', 0)).toBe(1000)
})
