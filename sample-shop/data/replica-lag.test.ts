import { expect, test } from 'vitest'
import { replicaLag } from './replica-lag.ts'

test('behind since the primary was first seen beyond it', () => {
  const lag = replicaLag(1000)
  lag.primaryAt(100, 0)
  lag.primaryAt(200, 500)
  lag.primaryAt(300, 1000)
  expect(lag.of(300, 1100)).toBe(0)
  expect(lag.of(250, 1100)).toBe(100)
  expect(lag.of(150, 1100)).toBe(600)
  expect(lag.of(100, 1100)).toBe(600)
})

test('a primary that nobody writes to leaves no replica behind', () => {
  const lag = replicaLag(1000)
  for (let ms = 0; ms <= 60_000; ms += 500) lag.primaryAt(100, ms)
  expect(lag.of(100, 60_000)).toBe(0)
})

test('a replica that stands still is further and further behind, though old places are forgotten', () => {
  const lag = replicaLag(1000)
  for (let ms = 0; ms <= 60_000; ms += 500) {
    lag.primaryAt(ms, ms)
    if (ms >= 3000) expect(lag.of(0, ms)).toBeGreaterThan(1000)
  }
})

test('the log of another primary begins anew', () => {
  const lag = replicaLag(1000)
  lag.primaryAt(5000, 0)
  lag.primaryAt(10, 100)
  expect(lag.of(10, 5000)).toBe(0)
})
