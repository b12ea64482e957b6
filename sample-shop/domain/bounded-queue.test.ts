import { expect, test } from 'vitest'
import { boundedQueue, type Entry } from './bounded-queue.ts'

const never = new AbortController().signal
const inside = (entry: Entry) => {
  if (typeof entry === 'string') throw new Error(entry)
  return entry
}

test('those in line come in in order as others leave; leaving twice frees one place', async () => {
  const queue = boundedQueue({ most: 1, mostWaiting: 2, longestWaitMs: 10_000 })
  const first = inside(await queue.enter(never))
  const came: string[] = []
  const enter = async (name: string) => {
    const entry = inside(await queue.enter(never))
    came.push(name)
    return entry
  }
  const second = enter('second')
  const third = enter('third')
  expect(queue.enter(never)).toBe('full')
  expect([queue.inside(), queue.waiting()]).toEqual([1, 2])
  first.leave()
  first.leave()
  await second
  expect([queue.inside(), queue.waiting()]).toEqual([1, 1])
  ;(await second).leave()
  ;(await third).leave()
  expect(came).toEqual(['second', 'third'])
  expect([queue.inside(), queue.waiting()]).toEqual([0, 0])
})

test('who waits too long, or has gone, is out of the line', async () => {
  const queue = boundedQueue({ most: 1, mostWaiting: 5, longestWaitMs: 20 })
  const { leave } = inside(await queue.enter(never))
  const gone = new AbortController()
  const leaves = queue.enter(gone.signal)
  const waits = queue.enter(never)
  gone.abort()
  expect(await leaves).toBe('gone')
  expect(await waits).toBe('timeout')
  expect(queue.waiting()).toBe(0)
  leave()
  expect(queue.inside()).toBe(0)
})
