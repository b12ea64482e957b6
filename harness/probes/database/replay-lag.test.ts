import { expect, test } from 'vitest'
import { ReplayLag } from './replay-lag.ts'

test('the lag is the time since the primary was first beyond what is replayed', () => {
  const lag = new ReplayLag()
  lag.writtenAt(100, 0)
  expect(lag.of(100, 5_000_000)).toBe(0)
  lag.writtenAt(200, 6_000_000)
  lag.writtenAt(300, 7_000_000)
  expect(lag.of(100, 8_000_000)).toBe(2_000_000)
  expect(lag.bytesBehind(100)).toBe(200)
  expect(lag.of(250, 8_000_000)).toBe(1_000_000)
  expect(lag.of(300, 9_000_000)).toBe(0)
  expect(lag.bytesBehind(300)).toBe(0)
})

test('an idle primary makes nobody late, however long it is idle', () => {
  const lag = new ReplayLag()
  for (let sec = 0; sec < 60; sec++) lag.writtenAt(100, sec * 1e6)
  expect(lag.of(100, 60e6)).toBe(0)
})

test('a standby that stands still falls behind for ever, with bounded memory', () => {
  const lag = new ReplayLag()
  for (let sec = 0; sec < 5000; sec++) lag.writtenAt(100 + sec, sec * 1e6)
  expect(lag.of(50, 5000e6)).toBe(5000e6)
})

test('a log that goes back is another server’s', () => {
  const lag = new ReplayLag()
  lag.writtenAt(900, 0)
  lag.writtenAt(100, 1e6)
  expect(lag.of(90, 3e6)).toBe(2e6)
})
