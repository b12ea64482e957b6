import { describeValue } from './describe-value.ts'
import { MOST_ENTRIES } from './most-entries.ts'
import { pathText } from './path-text.ts'
import type { Problem } from './problem.ts'

const DEEPEST = 12
const MOST_VALUES = 50_000

/**
 * Copies what a module exported into plain objects, lists, functions and primitives, so that it can be validated
 * without surprises: getters that throw, cycles and bottomless objects become problems instead of exceptions. Of a list
 * at a path that `isOpaque`, the entries are kept as they are, up to 1,000,000: they are handed on, not looked into.
 */
export function plainCopy(
  value: unknown,
  isOpaque: (path: readonly PropertyKey[]) => boolean = () => false,
): { readonly copy: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const ancestors = new Set<object>()
  let left = MOST_VALUES

  function refuse(path: readonly PropertyKey[], expected: string, got: string): undefined {
    problems.push({ path: pathText(path), expected, got })
    return undefined
  }

  function visit(current: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof current !== 'object' || current === null) return current
    if (ancestors.has(current)) return refuse(path, 'plain data', 'a reference back to what holds it')
    if (path.length > DEEPEST)
      return refuse(path, `data nested at most ${DEEPEST} deep`, describeValue(current))
    ancestors.add(current)
    try {
      return Array.isArray(current) ? copyList(current, path) : copyObject(current, path)
    } catch (cause) {
      return refuse(path, 'data that can be read', `an error when read: ${messageOf(cause)}`)
    } finally {
      ancestors.delete(current)
    }
  }

  function copyList(list: readonly unknown[], path: readonly PropertyKey[]): unknown {
    if (isOpaque(path)) return copyEntries(list, path)
    const copy: unknown[] = []
    for (let i = 0; i < list.length; i++) {
      if (left-- <= 0) return refuse(path, `at most ${MOST_VALUES} values in all`, describeValue(list))
      copy.push(member(list, i, path))
    }
    return copy
  }

  function copyEntries(list: readonly unknown[], path: readonly PropertyKey[]): unknown {
    const { length } = list
    if (length > MOST_ENTRIES) return refuse(path, 'a list of at most 1,000,000 values', describeValue(list))
    // Not by its iterator, which need not come to an end.
    const copy: unknown[] = []
    for (let i = 0; i < length; i++) copy.push(list[i])
    return copy
  }

  function copyObject(object: object, path: readonly PropertyKey[]): unknown {
    // Without a prototype, so that a key called "__proto__" is a key like any other.
    const copy: Record<string, unknown> = Object.create(null)
    for (const key of Object.keys(object)) {
      if (left-- <= 0) return refuse(path, `at most ${MOST_VALUES} values in all`, describeValue(object))
      copy[key] = member(object, key, path)
    }
    return copy
  }

  function member(holder: object, key: string | number, path: readonly PropertyKey[]): unknown {
    const here = [...path, key]
    let found: unknown
    try {
      found = Reflect.get(holder, key)
    } catch (cause) {
      return refuse(here, 'data that can be read', `an error when read: ${messageOf(cause)}`)
    }
    return visit(found, here)
  }

  return { copy: visit(value, []), problems }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? describeValue(cause.message) : describeValue(cause)
}
