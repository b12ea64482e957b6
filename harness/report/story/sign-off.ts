import type { Story } from './story.ts'

export const SIGN_OFF_FIELDS = ['Name', 'Role', 'Date', 'Decision'] as const

/** Why this report is no basis for a signature, or `null` when it may be one. */
export function noSignOffBecause({ result, believable, tone }: Story): string | null {
  if (!believable) return 'the measurement is not to be believed'
  if (result.partial) return 'PARTIAL: the run ended before it was done'
  if (result.quick) return 'QUICK: not for sign-off'
  return tone === 'unsure' && result.command === 'rehearse' ? 'the answer is not clear' : null
}
