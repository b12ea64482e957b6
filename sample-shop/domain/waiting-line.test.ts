import fc from 'fast-check'
import { expect, test } from 'vitest'
import { waitingLine } from './waiting-line.ts'

test('numbers are called in order, so many a second', () => {
  const line = waitingLine({ perSec: 2, stayMs: 10_000 })
  const numbers = Array.from({ length: 7 }, () => line.arrive(0))
  const inside = (nowMs: number) => numbers.filter((number) => line.place(number, nowMs).in === 'shop')
  // One second's calls are saved up.
  expect(inside(0)).toEqual([1, 2])
  expect(line.place(3, 0)).toEqual({ in: 'line', position: 1 })
  expect(line.place(7, 0)).toEqual({ in: 'line', position: 5 })
  expect(inside(499)).toEqual([1, 2])
  expect(inside(500)).toEqual([1, 2, 3])
  expect(inside(2000)).toEqual([1, 2, 3, 4, 5, 6])
  expect(line.waiting(2000)).toBe(1)
})

test('a stay counts from the call, whenever the shopper comes, and then the number is nobody’s', () => {
  const line = waitingLine({ perSec: 1, stayMs: 3000 })
  line.arrive(0)
  const second = line.arrive(0)
  expect(line.place(second, 2500)).toEqual({ in: 'shop', untilMs: 4000 })
  expect(line.place(second, 3999)).toEqual({ in: 'shop', untilMs: 4000 })
  expect(line.place(second, 4000)).toEqual({ in: 'nowhere' })
  expect(line.place(99, 4000)).toEqual({ in: 'nowhere' })
})

test('a quiet night saves up one second of calls and no more', () => {
  const line = waitingLine({ perSec: 3, stayMs: 60_000 })
  line.arrive(0)
  const crowd = Array.from({ length: 10 }, () => line.arrive(8 * 3_600_000))
  expect(crowd.filter((number) => line.place(number, 8 * 3_600_000).in === 'shop')).toHaveLength(3)
})

test('whoever looks when: nobody overtakes, and no more are called than the rate allows', () => {
  const event = fc.record({ afterMs: fc.integer({ min: 0, max: 3000 }), arrives: fc.boolean() })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(event, { maxLength: 200 }), (perSec, events) => {
      const line = waitingLine({ perSec, stayMs: 1e9 })
      let nowMs = 0
      let given = 0
      for (const { afterMs, arrives } of events) {
        nowMs += afterMs
        if (arrives) given = line.arrive(nowMs)
        const called = line.called(nowMs)
        expect(called).toBeLessThanOrEqual(perSec + (nowMs * perSec) / 1000 + 1e-6)
        expect(called + line.waiting(nowMs)).toBe(given)
        for (let number = 1; number <= given; number++) {
          expect(line.place(number, nowMs).in).toBe(number <= called ? 'shop' : 'line')
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('ten thousand stays that end one after the other leave the others’ places as they are', () => {
  const line = waitingLine({ perSec: 10_000, stayMs: 1000 })
  for (let ms = 0; ms < 3000; ms++) for (let n = 0; n < 4; n++) line.arrive(ms)
  expect(line.place(12_000, 3000)).toEqual({ in: 'shop', untilMs: 3999 })
  expect(line.place(8005, 3000)).toEqual({ in: 'shop', untilMs: 3001 })
  expect(line.place(8004, 3000)).toEqual({ in: 'nowhere' })
})
