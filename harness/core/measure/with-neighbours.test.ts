import { expect, it } from 'vitest'
import { withNeighbours } from './with-neighbours.ts'

it.each([
  [[5, 0, 0], 0, [0, 1]],
  [[2, 1, 2, 9], 1, [0, 3]],
  [[0, 0, 1, 0, 0, 9], 2, [0, 5]],
  [[0, 0, 0, 9], 0, [0, 3]],
  [[9, 0, 0, 0, 1], 4, [2, 5]],
])('clicks %j, second %i: seconds [from, to) %j', (counts, sec, expected) => {
  expect(withNeighbours(counts, sec)).toEqual(expected)
})
