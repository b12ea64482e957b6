import { z } from 'zod'

/** Separates the known keys in the message of an unknown-key issue; `problemsOf` splits them again. */
export const KEY_SEPARATOR = ' · '

/** An object with exactly these keys: an unknown one is an issue whose message lists the known ones. */
export function knownKeys<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? keys.join(KEY_SEPARATOR) : `an object with ${keys.join(', ')}`,
  })
}
