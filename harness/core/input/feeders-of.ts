import { z } from 'zod'
import type { Feeder } from '../feeder.ts'
import { describeValue } from './describe-value.ts'
import { freezeDeeply } from './freeze-deeply.ts'
import { knownKeys } from './known-keys.ts'
import { MOST_ENTRIES } from './most-entries.ts'
import { pathText } from './path-text.ts'
import type { Problem } from './problem.ts'
import { problemsOf } from './problems-of.ts'

/** A file that journeys draw from, as the scenario names it: relative to the scenario's module. */
export type DataFile = { readonly kind: 'csv' | 'json'; readonly file: string }

export type DataFileReading =
  | { readonly ok: true; readonly entries: readonly unknown[] }
  | { readonly ok: false; readonly problems: readonly Omit<Problem, 'path'>[] }

/** Reads a data file; never throws: whatever is wrong with the file is a problem. */
export type ReadDataFile = (file: DataFile) => DataFileReading

const SOURCE = 'range(1, 100), csv("users.csv"), json("coupons.json"), generate((n) => …) or a list of values'
const RANGE = 'range(from, to) of whole numbers with from ≤ to and at most 1,000,000 values'
const FILE = 'the path of a file, relative to the scenario'
const GENERATE = 'a function of a whole number: generate((n) => 1000 + n)'
const GENERATE_COUNT = 'a count from 1 to 1,000,000,000; without one it never runs out'
const LIST = 'a list of at least one value'

const RANGE_INPUT = knownKeys({ from: z.int({ error: RANGE }), to: z.int({ error: RANGE }) }).refine(
  ({ from, to }) => from <= to && to - from < MOST_ENTRIES,
  { error: RANGE },
)
const FILE_INPUT = knownKeys({
  kind: z.enum(['csv', 'json']),
  file: z.string({ error: FILE }).regex(/\S/, { error: FILE }),
})
const GENERATE_INPUT = knownKeys({
  kind: z.literal('generate'),
  value: z.custom<(n: number) => unknown>((value) => typeof value === 'function', { error: GENERATE }),
  // What Zipf ranks are drawn from has 32 bits.
  options: knownKeys({
    count: z
      .int({ error: GENERATE_COUNT })
      .min(1, { error: GENERATE_COUNT })
      .max(1e9, { error: GENERATE_COUNT })
      .optional(),
  }),
})
const LIST_INPUT = z.array(z.unknown()).min(1, { error: LIST })

/**
 * The feeders of a scenario's `data`, by name, reading the files it names, and every problem of every source. What is no
 * object of sources has none: that is a problem of the field's form.
 */
export function feedersOf(
  data: unknown,
  readFile: ReadDataFile,
): { readonly feeders: Readonly<Record<string, Feeder>>; readonly problems: readonly Problem[] } {
  // Without a prototype: journeys ask for any name, and "toString" is not there unless it was given.
  const feeders: Record<string, Feeder> = Object.create(null)
  const problems: Problem[] = []
  const sources = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {}
  for (const [name, given] of Object.entries(sources)) {
    const read = feederOf(given, ['data', name], readFile)
    if ('at' in read) feeders[name] = read
    else problems.push(...read.problems)
  }
  return { feeders, problems }
}

type Refused = { readonly problems: readonly Problem[] }

function feederOf(given: unknown, path: readonly PropertyKey[], readFile: ReadDataFile): Feeder | Refused {
  if (Array.isArray(given)) return parsed(LIST_INPUT, given, path, () => writtenList(given))
  const kind = typeof given === 'object' && given !== null ? Reflect.get(given, 'kind') : undefined
  if (kind === 'csv' || kind === 'json') {
    return parsed(FILE_INPUT, given, path, (source) => {
      const reading = readFile(source)
      if (reading.ok) return listFeeder(reading.entries)
      return { problems: reading.problems.map((problem) => ({ path: pathText(path), ...problem })) }
    })
  }
  if (kind === 'generate') {
    return parsed(GENERATE_INPUT, given, path, ({ value, options }) => ({
      count: options.count ?? Number.POSITIVE_INFINITY,
      at: (index) => value(index),
    }))
  }
  if (typeof given === 'object' && given !== null && ('from' in given || 'to' in given)) {
    return parsed(RANGE_INPUT, given, path, ({ from, to }) => ({
      count: to - from + 1,
      at: (index) => from + index,
    }))
  }
  return { problems: [{ path: pathText(path), expected: SOURCE, got: describeValue(given) }] }
}

function parsed<Value>(
  schema: z.ZodType<Value>,
  given: unknown,
  path: readonly PropertyKey[],
  toFeeder: (value: Value) => Feeder | Refused,
): Feeder | Refused {
  const reading = schema.safeParse(given)
  return reading.success ? toFeeder(reading.data) : { problems: problemsOf(reading.error, given, path) }
}

function listFeeder(entries: readonly unknown[]): Feeder {
  return { count: entries.length, at: (index) => entries[index] }
}

function writtenList(entries: readonly unknown[]): Feeder {
  freezeDeeply(entries)
  return listFeeder(entries)
}
