import { createHash, type Hash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DataFile, DataFileReading } from '../core/input/feeders-of.ts'
import { MOST_ENTRIES } from '../core/input/most-entries.ts'
import { readCsv } from './read-csv.ts'
import { readJson } from './read-json.ts'
import { refused } from './refused.ts'

const LARGEST_MB = 64

/**
 * The entries of a data file, whose path is relative to `folder`: of a CSV file its rows as objects by the header line,
 * of a JSON file what its list holds. They are frozen: all shoppers share them. What was read goes into `hash`.
 */
export function readDataFile(folder: string, { kind, file }: DataFile, hash: Hash): DataFileReading {
  const path = resolve(folder, file)
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) return refused({ expected: `a file at ${path}`, got: stat ? 'a folder' : 'none' })
    if (stat.size > LARGEST_MB * 2 ** 20) {
      const got = `${Math.ceil(stat.size / 2 ** 20)} MB`
      return refused({ expected: `at most ${LARGEST_MB} MB in ${file}`, got })
    }
    const bytes = readFileSync(path)
    hash.update(createHash('sha256').update(bytes).digest())
    const text = textOf(bytes)
    if (text === null) return refused({ expected: `text in UTF-8 in ${file}`, got: 'other bytes' })
    const reading = kind === 'csv' ? readCsv(file, text) : readJson(file, text)
    if (!reading.ok || reading.entries.length <= MOST_ENTRIES) return reading
    return refused({ expected: `at most 1,000,000 entries in ${file}`, got: String(reading.entries.length) })
  } catch (cause) {
    const got = `an error when read: ${cause instanceof Error ? cause.message : String(cause)}`
    return refused({ expected: `a file at ${path} that can be read`, got })
  }
}

/** Without its byte order mark; `null`: it is not UTF-8. */
function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
