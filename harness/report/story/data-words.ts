import type { DataFacts } from '../../core/record.ts'
import { formatCount } from '../format.ts'

const TABLES_NAMED = 5

/** Rows are the database's own estimate. "orders ≈40,000 · products ≈10,000, 27 MB with indexes: fits the database's cache of 128 MB". */
export function dataWords({ tables, bytes, cacheBytes }: DataFacts): string {
  const named = tables
    .filter(({ rows }) => rows !== null && rows > 0)
    .slice(0, TABLES_NAMED)
    .map(({ table, rows }) => `${table} ≈${formatCount(Math.round(rows ?? 0))}`)
  const fits = bytes <= cacheBytes ? 'fits' : 'does not fit'
  const size = `${formatMb(bytes)} with indexes: ${fits} the database's cache of ${formatMb(cacheBytes)}`
  return named.length === 0 ? size : `${named.join(' · ')}, ${size}`
}

function formatMb(bytes: number): string {
  return `${formatCount(Math.max(1, Math.round(bytes / 2 ** 20)))} MB`
}
