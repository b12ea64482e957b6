import { type CsvError, parse } from 'csv-parse/sync'
import { describeValue } from '../core/input/describe-value.ts'
import type { DataFileReading } from '../core/input/feeders-of.ts'
import { refused, type Wrong } from './refused.ts'

/** Of a file with the wrong separator every line is wrong: the first few say so. */
const MOST_LINES_TOLD = 5

/**
 * The rows of a CSV text (RFC 4180, lines ended in any way, empty ones left out) as frozen objects by the names in its
 * first line. Every value is a text.
 */
export function readCsv(file: string, text: string): DataFileReading {
  let header: readonly string[] = []
  let lastLine = 0
  let quotesAreLost = false
  const wrong: Wrong[] = []
  const entries = parse<object>(text, {
    columns: (names: string[]) => {
      header = names
      lastLine = 1
      return names
    },
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record: (record, { lines }) => {
      lastLine = lines
      return Object.freeze(record)
    },
    on_skip: (error) => {
      // A quote that went wrong takes the lines behind it along: what would be said of them is not true.
      if (!error || quotesAreLost) return
      quotesAreLost = QUOTES_LOST.includes(error.code)
      const line = error.code === 'CSV_QUOTE_NOT_CLOSED' ? lastLine + 1 : (error['lines'] as number)
      if (line > lastLine) wrong.push(lineProblem(error, line, header.length, file))
      lastLine = Math.max(line, lastLine)
    },
  })
  if (wrong.length > 0) return refused(...firstOf(wrong, file))
  const unnamed = headerProblems(header, file)
  if (unnamed.length > 0) return refused(...unnamed)
  if (entries.length > 0) return { ok: true, entries }
  const got = header.length === 0 ? 'an empty file' : 'a header and nothing else'
  return refused({ expected: `a header line and at least one row in ${file}`, got })
}

const QUOTES_LOST: readonly string[] = ['CSV_QUOTE_NOT_CLOSED', 'CSV_INVALID_CLOSING_QUOTE']

const QUOTE_MISTAKES: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text behind a closing quote',
  INVALID_OPENING_QUOTE: 'a quote in the middle of a field',
}

function lineProblem(error: CsvError, line: number, columns: number, file: string): Wrong {
  if (error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS') {
    const expected = `${columns} ${columns === 1 ? 'column' : 'columns'} in every row of ${file}, as in its header`
    return { expected, got: `${(error['record'] as readonly string[]).length} in line ${line}` }
  }
  const expected = `fields that hold quotes quoted, and the quotes doubled ("19"" rack") in ${file}`
  return { expected, got: `${QUOTE_MISTAKES[error.code] ?? error.message} in line ${line}` }
}

function firstOf(wrong: readonly Wrong[], file: string): readonly Wrong[] {
  const more = wrong.length - MOST_LINES_TOLD
  const told = wrong.slice(0, MOST_LINES_TOLD)
  return more <= 0
    ? told
    : [...told, { expected: `nothing of that in ${file}`, got: `${more} more such lines` }]
}

function headerProblems(header: readonly string[], file: string): readonly Wrong[] {
  return header.flatMap((name, i) => {
    if (name.trim() === '') {
      const expected = `a name for every column in the header of ${file}`
      return [{ expected, got: `none for column ${i + 1}` }]
    }
    if (header.indexOf(name) === i) return []
    return [
      { expected: `a name of its own for every column of ${file}`, got: `${describeValue(name)} again` },
    ]
  })
}
