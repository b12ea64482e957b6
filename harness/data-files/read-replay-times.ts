import type { Hash } from 'node:crypto'
import { resolve } from 'node:path'
import { readTimes } from '../core/input/read-times.ts'
import type { ReadTimes } from '../core/input/replay-input.ts'
import { readBytes } from './read-bytes.ts'

/** Reads the files of replayed arrivals, as seen from a folder; what they hold becomes part of the hash. */
export function readReplayTimes(folder: string, hash: Hash): ReadTimes {
  return (file) => {
    const content = readBytes(resolve(folder, file))
    if (!content.ok) return { ok: false, problems: [{ expected: content.expected, got: content.got }] }
    hash.update(content.bytes)
    return readTimes(content.bytes.toString('utf8'))
  }
}
