import type { FaultResult } from '../result.ts'

/** What a sentence about a stretch in which faults acted must not leave out; nothing for none. */
export function faultNote(faults: readonly FaultResult[]): string {
  if (faults.length === 0) return ''
  const acts = faults.map(({ says }) => says).join('; ')
  return ` (${faults.length === 1 ? 'fault' : 'faults'} of the scenario: ${acts})`
}
