import { z } from 'zod'

/** A text that `read` understands (`null`: it does not); `expected` says in words what it should look like. */
export function textOf<Value>(expected: string, read: (text: string) => Value | null) {
  return z.string({ error: expected }).transform((text, context): Value => {
    const value = read(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}
