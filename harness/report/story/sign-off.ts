import { commandLine } from './next-step.ts'
import type { Story } from './story.ts'

export const SIGN_OFF_FIELDS = ['Name', 'Role', 'Date', 'Decision'] as const

/** Why this report is no basis for a signature, or `null` when it may be one. */
export function noSignOffBecause({ result, believable, tone }: Story): string | null {
  if (!believable) return 'the measurement is not to be believed'
  if (result.partial) return 'PARTIAL: the run ended before it was done'
  if (result.quick) return 'QUICK: not for sign-off'
  return tone === 'unsure' && result.command === 'rehearse' ? 'the answer is not clear' : null
}

/** Replays that a fix should have held before somebody signs. */
const REPLAYS = 3

/** The command that proves the fix more than once, or `null` when it was, or when there is nothing to prove. */
export function signOffCommand(story: Story): string | null {
  const { result, header, winner } = story
  if (result.command !== 'rehearse' || !header || !winner?.survives || winner.replays.of >= REPLAYS)
    return null
  if (noSignOffBecause(story) !== null) return null
  return commandLine('rehearse', header, [`--repeat ${REPLAYS}`])
}
