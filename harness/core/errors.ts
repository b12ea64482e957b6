import { maskPasswords } from './mask-passwords.ts'

/**
 * What went wrong, by kind. The exit code follows from it, so that CI can tell an answer from a breakdown:
 * 2 usage · 3 inconclusive · 4 environment · 5 measurement invalid · 70 our own bug · 130 interrupted.
 */
export const EXIT_CODES = {
  usage: 2,
  'invalid-scenario': 2,
  'refused-target': 2,
  'unknown-run': 2,
  inconclusive: 3,
  environment: 4,
  'measurement-invalid': 5,
  bug: 70,
  interrupted: 130,
} as const

export type ErrorCode = keyof typeof EXIT_CODES

export type ErrorParts = {
  readonly code: ErrorCode
  /** What happened, in one sentence (several lines when there are several problems). */
  readonly message: string
  /** Where: a scenario path, a component, a file. */
  readonly where?: string
  /** How to mend it. */
  readonly hint?: string
  readonly cause?: unknown
}

/** The one error class: what, where, how to mend it. Anything else that is thrown is a bug of ours (exit 70). */
export class HarnessError extends Error {
  readonly code: ErrorCode
  readonly where: string | null
  readonly hint: string | null

  constructor(parts: ErrorParts) {
    // Whatever another program said may be in them: errors are printed, and kept in reports.
    super(maskPasswords(parts.message), { cause: parts.cause })
    this.name = 'HarnessError'
    this.code = parts.code
    this.where = parts.where === undefined ? null : maskPasswords(parts.where)
    this.hint = parts.hint === undefined ? null : maskPasswords(parts.hint)
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}
