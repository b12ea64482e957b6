import { describeValue } from './describe-value.ts'
import type { Problem } from './problem.ts'

/** The times of a file, in whole µs since the origin it counts from, in the order of its lines. */
export type TimesReading =
  | { readonly ok: true; readonly timesUs: Float64Array }
  | { readonly ok: false; readonly problems: readonly Omit<Problem, 'path'>[] }

/** What a number of microseconds still counts exactly; times in milliseconds since 1970 lie beyond it. */
export const FURTHEST_SEC = 9_000_000_000
const MOST_TIMES = 1_000_000
/** A file of another kind is wrong in every line. */
const MOST_PROBLEMS = 10

const NUMBER = /^[-+]?\d+(?:\.\d*)?$/
const DATE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[-+]\d\d:?\d\d)$/
const HEADER = /^["#]?[A-Za-z_]/

/**
 * Reads a text with one time a line: seconds since any origin ("17.25"), or dates with their offset from UTC
 * ("2026-11-27T00:00:00.5+01:00"), in any order. The first line may be a header; empty lines are nothing.
 */
export function readTimes(text: string): TimesReading {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const timesUs = new Float64Array(Math.min(lines.length, MOST_TIMES))
  const problems: Omit<Problem, 'path'>[] = []
  let kind: Time['kind'] | null = null
  let count = 0
  let wrong = 0
  let atHeader = true
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim()
    if (line === '') continue
    const time = readTime(line)
    const isHeader = atHeader && time === null && HEADER.test(line)
    atHeader = false
    if (isHeader) continue
    kind ??= time?.kind ?? null
    if (time === null || time.kind !== kind) {
      if (wrong++ < MOST_PROBLEMS) problems.push(wrongLine(i + 1, line, time === null ? null : kind))
    } else if (count < MOST_TIMES) timesUs[count++] = time.us
    else count++
    if (count > MOST_TIMES) break
  }
  if (wrong > MOST_PROBLEMS)
    problems.push({ expected: 'the same of every line', got: `${wrong - MOST_PROBLEMS} more that are not` })
  if (count > MOST_TIMES) problems.push({ expected: `at most ${MOST_TIMES} times`, got: 'more than that' })
  if (count === 0 && wrong === 0) problems.push({ expected: 'one time a line', got: 'no line' })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, timesUs: timesUs.slice(0, count) }
}

type Time = { readonly kind: 'seconds' | 'date'; readonly us: number }

function readTime(text: string): Time | null {
  if (NUMBER.test(text)) {
    const sec = Number(text)
    return Math.abs(sec) <= FURTHEST_SEC ? { kind: 'seconds', us: Math.round(sec * 1e6) } : null
  }
  const [, date, time, fraction = '', offset] = DATE.exec(text) ?? []
  if (date === undefined) return null
  const ms = Date.parse(`${date}T${time}${offset!.replace(/(\d\d)(\d\d)$/, '$1:$2')}`)
  // February 30 is read as March 2.
  if (Number.isNaN(ms) || !new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)) return null
  return { kind: 'date', us: ms * 1000 + Math.round(Number(`0.${fraction || '0'}`) * 1e6) }
}

function wrongLine(line: number, text: string, kind: Time['kind'] | null): Omit<Problem, 'path'> {
  const expected =
    NUMBER.test(text) && kind !== 'date'
      ? `seconds within ±${FURTHEST_SEC}, not milliseconds`
      : kind === null
        ? 'a time alone on its line: seconds such as 17.25, or a date with its offset such as 2026-11-27T00:00:00+01:00'
        : kind === 'date'
          ? 'a date, as on the lines before'
          : 'seconds, as on the lines before'
  return { expected, got: `line ${line}: ${describeValue(text)}` }
}
