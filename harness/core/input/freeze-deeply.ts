/**
 * Freezes plain data through and through: all shoppers share it, and what one of them wrote into it another would read,
 * in an order that no seed decides. Iterative, since data may be nested deeper than the stack is; instances of classes
 * are their author's business.
 */
export function freezeDeeply(value: unknown): void {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const held = open.pop()
    if (!isPlain(held) || Object.isFrozen(held)) continue
    for (const member of Object.values(Object.freeze(held))) if (isPlain(member)) open.push(member)
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
