import { createHash, type Hash } from 'node:crypto'
import { resolve } from 'node:path'
import type { DataFile, DataFileReading } from '../core/input/feeders-of.ts'
import { MOST_ENTRIES } from '../core/input/most-entries.ts'
import { readBytes } from './read-bytes.ts'
import { readCsv } from './read-csv.ts'
import { readJson } from './read-json.ts'
import { refused } from './refused.ts'

/**
 * The entries of a data file, whose path is relative to `folder`: of a CSV file its rows as objects by the header line,
 * of a JSON file what its list holds. They are frozen: all shoppers share them. What was read goes into `hash`.
 */
export function readDataFile(folder: string, { kind, file }: DataFile, hash: Hash): DataFileReading {
  const content = readBytes(resolve(folder, file))
  if (!content.ok) return refused({ expected: content.expected, got: content.got })
  hash.update(createHash('sha256').update(content.bytes).digest())
  const text = textOf(content.bytes)
  if (text === null) return refused({ expected: `text in UTF-8 in ${file}`, got: 'other bytes' })
  const reading = kind === 'csv' ? readCsv(file, text) : readJson(file, text)
  if (!reading.ok || reading.entries.length <= MOST_ENTRIES) return reading
  return refused({ expected: `at most 1,000,000 entries in ${file}`, got: String(reading.entries.length) })
}

/** Without its byte order mark; `null`: it is not UTF-8. */
function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
