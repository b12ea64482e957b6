import type { SegmentData } from '../run-data.ts'

/**
 * The rule of `abortWhen` that ended this segment, in words; `null`: none did. Its load was stopped because the shop broke
 * the rule, so it has failed, however good the clicks were that came before.
 */
export function brokenRule({ end }: Pick<SegmentData, 'end'>): string | null {
  return end?.abortedBy === 'rule' ? end.aborted : null
}
