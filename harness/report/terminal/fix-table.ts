import type { FixRow } from '../story/fix-rows.ts'
import { plainText } from './plain-text.ts'
import { wrap } from './wrap.ts'

/** The fixes as aligned lines: name, capacity (interval), ratio, what it does. `firstLabel` stands before the first. */
export function fixTable(rows: readonly FixRow[], firstLabel: string, width: number): readonly string[] {
  const names = rows.map(({ shortName }) => plainText(shortName))
  const intervals = rows.map(({ interval }) => (interval === null ? '' : `(${interval})`))
  const nameWidth = columnWidth(names)
  const capacityWidth = columnWidth(rows.map(({ capacity }) => capacity ?? '–'))
  const intervalWidth = columnWidth(intervals)
  return rows.map((row, i) => {
    const label = i === 0 ? firstLabel : ' '.repeat(firstLabel.length)
    const capacity = (row.capacity ?? '–').padStart(capacityWidth)
    const interval = (intervals[i] ?? '').padEnd(intervalWidth)
    const ratio = (row.ratio ?? '').padEnd(5)
    const columns = `${label}${(names[i] ?? '').padEnd(nameWidth)}  ${capacity} ${interval}  ${ratio} `
    return wrap(columns, plainText(row.says.replace('of the peak', 'of peak')), width)
  })
}

function columnWidth(cells: readonly string[]): number {
  return Math.max(0, ...cells.map(({ length }) => length))
}
