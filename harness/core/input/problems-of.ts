import type { z } from 'zod'
import { describeValue } from './describe-value.ts'
import { KEY_SEPARATOR } from './known-keys.ts'
import { nearest } from './nearest.ts'
import { pathText } from './path-text.ts'
import type { Problem } from './problem.ts'

/**
 * Zod's issues as problems. Every schema here carries what it expects as its message, so that an issue needs no
 * translation; `at` is the path of `input` within the scenario.
 */
export function problemsOf(
  error: z.ZodError,
  input: unknown,
  at: readonly PropertyKey[],
): readonly Problem[] {
  return error.issues.flatMap((issue): readonly Problem[] => {
    const path = [...at, ...issue.path]
    if (issue.code === 'invalid_key') {
      const got = describeValue(String(issue.path.at(-1)))
      return [{ path: pathText(path), expected: issue.issues[0]?.message ?? issue.message, got }]
    }
    if (issue.code !== 'unrecognized_keys') {
      return [
        { path: pathText(path), expected: issue.message, got: describeValue(valueAt(input, issue.path)) },
      ]
    }
    const known = issue.message.split(KEY_SEPARATOR)
    return issue.keys.map((key) => unknownKey([...path, key], key, known))
  })
}

/** A key that is none of the known ones, with the one that was probably meant. */
export function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Problem {
  const meant = nearest(key, known)
  return {
    path: pathText(path),
    expected: `one of ${known.join(', ')}`,
    got: `the unknown key ${describeValue(key)}${meant ? ` (did you mean "${meant}"?)` : ''}`,
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, part)
  }
  return value
}
