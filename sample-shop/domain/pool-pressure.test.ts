import { expect, test } from 'vitest'
import { poolPressure } from './pool-pressure.ts'

const pressure = () => poolPressure({ limitMs: 100, calmMs: 2000 })

test('high at once when the mean of the last second is above the bound', () => {
  const pool = pressure()
  pool.waited(150, 1000)
  pool.waited(30, 1100)
  expect(pool.isHigh(0, 1100)).toBe(false)
  pool.waited(400, 1200)
  expect(pool.isHigh(0, 1200)).toBe(true)
})

test('low again only when it was below half the bound for long enough', () => {
  const pool = pressure()
  pool.waited(300, 0)
  expect(pool.isHigh(0, 0)).toBe(true)
  pool.waited(80, 1500)
  expect(pool.isHigh(0, 1500)).toBe(true)
  for (let ms = 2600; ms < 3400; ms += 100) {
    pool.waited(1, ms)
    expect(pool.isHigh(0, ms), `${ms}`).toBe(true)
  }
  pool.waited(1, 3500)
  expect(pool.isHigh(0, 3500)).toBe(false)
})

test('a pool that gives nobody a connection is under pressure too, without one wait having ended', () => {
  const pool = pressure()
  expect(pool.isHigh(3, 0)).toBe(false)
  expect(pool.isHigh(3, 90)).toBe(false)
  expect(pool.isHigh(3, 110)).toBe(true)
})
