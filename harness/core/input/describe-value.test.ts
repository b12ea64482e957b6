import { expect, test } from 'vitest'
import { describeValue } from './describe-value.ts'

test.each<[unknown, string]>([
  [undefined, 'nothing'],
  [null, 'null'],
  ['5', '"5"'],
  ['x'.repeat(1000), `"${'x'.repeat(60)}…"`],
  [5, '5'],
  [Number.NaN, 'NaN'],
  [5n, '5n'],
  [true, 'true'],
  [() => 1, 'a function'],
  [Symbol('s'), 'a symbol'],
  [[], 'an empty list'],
  [[1, 2], 'a list of 2'],
  [{}, 'an empty object'],
  [{ a: 1, b: 2 }, 'an object with a, b'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'an object with a, b, c, d …'],
])('%s is %s', (value, words) => {
  expect(describeValue(value)).toBe(words)
})

test('an object that refuses to be read is said to be one', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(describeValue(proxy)).toBe('an object that cannot be read')
})
