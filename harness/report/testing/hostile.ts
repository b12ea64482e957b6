import type { AnyResult } from '../../core/result.ts'
import type { RunData } from '../../core/run-data.ts'
import { makeRehearsal } from './make-rehearsal.ts'

export const HOSTILE = '</script><img src=x onerror=alert(1)>"\'`|\u001b[31m\u0007&amp;\n# owned'

/** A rehearsal in which every text a user or a record could have chosen is an attack on the reports. */
export function makeHostile(): { readonly result: AnyResult; readonly run: RunData } {
  const { result, run } = makeRehearsal('does-not-hold')
  return { result: poison(result), run: poison(run) }
}

/** Fields whose values choose behaviour; a record with other values there is refused when it is read. */
const FIXED = new Set([
  'command',
  'kind',
  'class',
  'verdict',
  'confidence',
  'against',
  'runnerUp',
  'layer',
  'scope',
])
const FIXED_TOO = new Set([
  'role',
  'probe',
  'id',
  'means',
  'state',
  'waitType',
  'queryId',
  'purpose',
  'ending',
])

function poison<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map((one) => poison(one)) as Value
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]: [string, unknown]) => {
    const fixed = FIXED.has(key) || FIXED_TOO.has(key)
    return [key, typeof one === 'string' && !fixed ? `${one}${HOSTILE}` : poison(one)]
  })
  return Object.fromEntries(entries) as Value
}
