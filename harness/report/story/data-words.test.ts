import { expect, test } from 'vitest'
import { dataWords } from './data-words.ts'

const MB = 2 ** 20
const tables = ['lines', 'orders', 'reviews', 'products', 'stock', 'carts'].map((table, index) => ({
  table,
  rows: 100_000 >> index,
  bytes: (10 - index) * MB,
}))

test('the data is told by its largest tables, and whether it fits the cache', () => {
  expect(dataWords({ tables, bytes: 46 * MB, cacheBytes: 128 * MB })).toBe(
    "lines ≈100,000 · orders ≈50,000 · reviews ≈25,000 · products ≈12,500 · stock ≈6,250, 46 MB with indexes: fits the database's cache of 128 MB",
  )
  expect(dataWords({ tables, bytes: 1276 * MB, cacheBytes: 128 * MB })).toMatch(
    /, 1,276 MB with indexes: does not fit the database's cache of 128 MB$/,
  )
})

test('a table nobody counted, or that is empty, is not named', () => {
  const uncounted = [
    { table: 'new', rows: null, bytes: 5 },
    { table: 'empty', rows: 0, bytes: 5 },
  ]
  expect(dataWords({ tables: uncounted, bytes: 10, cacheBytes: MB })).toBe(
    "1 MB with indexes: fits the database's cache of 1 MB",
  )
})
