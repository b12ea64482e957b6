import { expect, it } from 'vitest'
import { freezeDeeply } from './freeze-deeply.ts'

it('freezes lists and objects at every depth, rings included, and leaves instances alone', () => {
  class Counter {
    n = 0
  }
  const counter = new Counter()
  const ring: Record<string, unknown> = { list: [{ v: 0 }], counter }
  ring['self'] = ring
  freezeDeeply(ring)
  expect(Object.isFrozen(ring)).toBe(true)
  expect(Object.isFrozen((ring['list'] as object[])[0])).toBe(true)
  expect(Object.isFrozen(counter)).toBe(false)
})

it('is not limited by the stack', () => {
  let deep: unknown[] = []
  for (let i = 0; i < 100_000; i++) deep = [deep]
  freezeDeeply(deep)
  expect(Object.isFrozen(deep)).toBe(true)
})
