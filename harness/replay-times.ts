import type { Hash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { readTimes } from './core/input/read-times.ts'
import type { ReadTimes } from './core/input/replay-input.ts'

/** A million times are a third of that. */
const LARGEST_BYTES = 64 * 2 ** 20

/** Reads the files of replayed arrivals, as seen from a folder; what they hold becomes part of the hash. */
export function readReplayTimes(folder: string, hash: Hash): ReadTimes {
  return (file) => {
    try {
      const path = resolve(folder, file)
      const { size } = statSync(path)
      if (size > LARGEST_BYTES) return wrong('a file of at most 64 MiB', `${file} of ${size} bytes`)
      const bytes = readFileSync(path)
      hash.update(bytes)
      return readTimes(bytes.toString('utf8'))
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
      return wrong('a file that can be read, as seen from the scenario', `${file} (${code})`)
    }
  }
}

function wrong(expected: string, got: string): ReturnType<ReadTimes> {
  return { ok: false, problems: [{ expected, got }] }
}
