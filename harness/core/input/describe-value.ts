const LONGEST = 60

/** Any value in a few words, for an error message; never throws, whatever the value is. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing'
    case 'string':
      return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value)
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

/** Lists and objects by size: their contents are the reader's own file, which the path points into. */
function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
    const keys = Object.keys(value)
    if (keys.length === 0) return 'an empty object'
    const shown = keys.slice(0, 4).join(', ')
    return `an object with ${keys.length > 4 ? `${shown} …` : shown}`
  } catch {
    return 'an object that cannot be read'
  }
}
