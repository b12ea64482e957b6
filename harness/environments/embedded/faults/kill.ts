import type { ActOf } from '../../../core/faults/fault.ts'
import { doneUntil, type Inject, notDone } from './injecting.ts'

/** The whole process tree ends at once. It is started again at its address; what cannot be comes with the next arm. */
export const kill: Inject<ActOf<'kill'>> = async ({ target }, { stand, supervisor, leaving }, forSec) => {
  if (forSec !== null && !stand.canRevive(target))
    return notDone(`${target} cannot be started again while a surge runs`)
  await supervisor.ask('kill', { component: target })
  return doneUntil(async (afterwards) => {
    if (afterwards === 'goes-on') await stand.revive(target, leaving)
  })
}
