import type { DataFileReading } from '../core/input/feeders-of.ts'

/** One thing wrong with a data file: what should be there, and what is. */
export type Wrong = { readonly expected: string; readonly got: string }

export function refused(...problems: readonly Wrong[]): DataFileReading {
  return { ok: false, problems }
}
