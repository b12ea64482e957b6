import { createRequire } from 'node:module'
import type { TransformFailure } from 'esbuild'
import { describeValue } from '../core/input/describe-value.ts'
import type { DataFileReading } from '../core/input/feeders-of.ts'
import { freezeDeeply } from '../core/input/freeze-deeply.ts'
import { refused } from './refused.ts'

/** What the list in a JSON text holds, frozen through and through. */
export function readJson(file: string, text: string): DataFileReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const got = text.trim() === '' ? 'an empty file' : (mistakeIn(text) ?? String(cause))
    return refused({ expected: `valid JSON in ${file}`, got })
  }
  if (!Array.isArray(value) || value.length === 0) {
    return refused({ expected: `a list of at least one value in ${file}`, got: describeValue(value) })
  }
  freezeDeeply(value)
  return { ok: true, entries: value }
}

/** What is wrong with a JSON text, and in which line: JSON.parse does not always tell where. */
function mistakeIn(text: string): string | null {
  // Loaded when it is needed only: the load engine reads data files too.
  const esbuild: typeof import('esbuild') = createRequire(import.meta.url)('esbuild')
  try {
    esbuild.transformSync(text, { loader: 'json', logLevel: 'silent' })
    return null
  } catch (cause) {
    const error = (cause as Partial<TransformFailure>).errors?.[0]
    return error?.location ? `${error.text} in line ${error.location.line}` : null
  }
}
