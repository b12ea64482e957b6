import type { ActOf } from '../../../core/faults/fault.ts'
import { DONE_AT_ONCE, type Inject, notDone } from './injecting.ts'

/** Stopped in order and started again at its address, within its CPU budget. */
export const restart: Inject<ActOf<'restart'>> = async ({ target }, { stand, leaving }) => {
  if (!stand.canRevive(target)) return notDone(`${target} cannot be started again while a surge runs`)
  await stand.stop(target)
  await stand.revive(target, leaving)
  return DONE_AT_ONCE
}
