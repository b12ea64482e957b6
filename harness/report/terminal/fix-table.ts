import { plainText } from '../plain-text.ts'
import type { FixRow } from '../story/fix-rows.ts'
import { wrap } from './wrap.ts'

/** With fewer columns left than this, what a fix does stands under its figures instead of beside them. */
const LEAST_ROOM = 22
const LONGEST_NAME = 44

/** The fixes as aligned lines: name, capacity (interval), ratio, what it does. `firstLabel` stands before the first. */
export function fixTable(rows: readonly FixRow[], firstLabel: string, width: number): readonly string[] {
  const names = rows.map(({ shortName }) => shorten(plainText(shortName)))
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
    const says = plainText(row.says.replace('of the peak', 'of peak'))
    if (width - columns.length >= LEAST_ROOM) return wrap(columns, says, width)
    return `${columns.trimEnd()}\n${wrap(' '.repeat(firstLabel.length + 2), says, width)}`
  })
}

function shorten(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`
}

function columnWidth(cells: readonly string[]): number {
  return Math.max(0, ...cells.map(({ length }) => length))
}
