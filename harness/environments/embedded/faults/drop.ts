import type { ActOf } from '../../../core/faults/fault.ts'
import { DONE_AT_ONCE, doneUntil, type Inject, notDone } from './injecting.ts'

export const drop: Inject<ActOf<'drop'>> = async ({ share }, { proxy }, forSec) => {
  if (!proxy) return notDone('nothing stands between the app and its database')
  if (forSec !== null) await proxy.set({ dropShare: share })
  await proxy.breakOpen(share)
  if (forSec === null) return DONE_AT_ONCE
  return doneUntil(async (afterwards) => {
    if (afterwards !== 'down') await proxy.set({ dropShare: 0 })
  })
}
