import { EXIT_CODES, HarnessError } from '../core/errors.ts'
import type { ErrorResult } from '../core/result.ts'
import { RESULT_SCHEMA } from '../core/result.ts'
import { plainText } from '../report/plain-text.ts'

/** Anything that was thrown, as the one error class: what was not foreseen is a bug of ours. */
export function asHarnessError(thrown: unknown): HarnessError {
  if (thrown instanceof HarnessError) return thrown
  const code = (thrown as NodeJS.ErrnoException | null)?.code
  if (code === 'ENOSPC') {
    return new HarnessError({
      code: 'environment',
      message: `the disk is full: ${(thrown as Error).message}`,
      where: (thrown as NodeJS.ErrnoException).path ?? 'a temporary folder or the reports folder',
      hint: 'Free some disk space, or point TMPDIR and --out at a disk that has some.',
      cause: thrown,
    })
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return new HarnessError({
    code: 'bug',
    message: `unexpected: ${error.message}`,
    where: firstFrame(error),
    hint: 'This is a bug in Doorbuster. Run again with --verbose and report what it prints.',
    cause: thrown,
  })
}

function firstFrame(error: Error): string {
  const frame = error.stack
    ?.split('\n')
    .find((line) => line.includes('/harness/') || line.includes('\\harness\\'))
  return frame?.trim().replace(/^at /, '') ?? 'unknown'
}

/** What, where, how to mend it; the stack only when asked for. */
export function errorText(error: HarnessError, verbose: boolean): string {
  // Line by line: what a user or a scenario wrote must not steer the terminal.
  const message = error.message.split('\n').map(plainText).join('\n')
  const lines = [`error: ${message}`]
  if (error.where) lines.push(`where: ${plainText(error.where)}`)
  if (error.hint) lines.push(`mend:  ${plainText(error.hint)}`)
  if (verbose) {
    const cause = error.cause instanceof Error ? error.cause : error
    lines.push(cause.stack ?? String(cause))
  }
  return lines.join('\n')
}

/** The JSON document a failed command prints. */
export function errorDocument(command: string, error: HarnessError): ErrorResult {
  return {
    schema: RESULT_SCHEMA,
    command,
    error: { code: error.code, message: error.message, where: error.where, hint: error.hint },
  }
}

/** The exit code of an error in words, for the last line. */
export function errorMeaning(error: HarnessError): string {
  switch (error.exitCode) {
    case EXIT_CODES.usage:
      return 'the command or the scenario has to be mended; nothing is left running'
    case EXIT_CODES.inconclusive:
      return 'no trustworthy answer either way'
    case EXIT_CODES.environment:
      return 'the system under test did not start or stay up, or this machine has no room; everything was taken down'
    case EXIT_CODES['measurement-invalid']:
      return 'do not believe this measurement'
    case EXIT_CODES.interrupted:
      return 'interrupted; what was measured so far is kept'
    default:
      return 'a bug in Doorbuster'
  }
}
