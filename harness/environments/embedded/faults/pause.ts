import type { ActOf } from '../../../core/faults/fault.ts'
import { doneUntil, type Inject } from './injecting.ts'

/** The supervisor stands it still: when the harness is gone, it lets it go on and takes it down. */
export const pause: Inject<ActOf<'pause'>> = async ({ target: component }, { supervisor }) => {
  await supervisor.ask('pause', { component, on: true })
  return doneUntil(async (afterwards) => {
    if (afterwards !== 'down') await supervisor.ask('pause', { component, on: false })
  })
}
