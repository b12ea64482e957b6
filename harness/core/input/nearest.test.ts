import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const KNOWN = ['traffic', 'topology', 'shoppers', 'patience', 'seed']

test.each<[word: string, meant: string | null, why: string]>([
  ['trafic', 'traffic', 'a letter too few'],
  ['traffiic', 'traffic', 'a letter too many'],
  ['seeed', 'seed', 'a letter doubled'],
  ['topolgoy', 'topology', 'two letters swapped'],
  ['Shoppers', 'shoppers', 'a capital'],
  ['slo', null, 'nothing near'],
  ['', null, 'nothing at all'],
  ['x'.repeat(1e6), null, 'a megabyte'],
])('%.20s → %s (%s)', (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant)
})

test('the nearest of several, the first of equals', () => {
  expect(nearest('p96', ['p50', 'p95', 'p99'])).toBe('p95')
})
