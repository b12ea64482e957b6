import type { ActOf } from '../../../core/faults/fault.ts'
import { doneUntil, type Inject, notDone } from './injecting.ts'

/** A smaller CPU budget, by whatever means enforces budgets here. */
export const slow: Inject<ActOf<'slow'>> = async ({ target: component, share }, { supervisor, canSlow }) => {
  const can = canSlow()
  if (can !== true) return notDone(can)
  await supervisor.ask('slow', { component, share })
  return doneUntil(async (afterwards) => {
    if (afterwards !== 'down') await supervisor.ask('slow', { component, share: 1 })
  })
}
