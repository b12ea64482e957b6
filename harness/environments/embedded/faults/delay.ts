import type { ActOf } from '../../../core/faults/fault.ts'
import { doneUntil, type Inject, notDone } from './injecting.ts'

export const delay: Inject<ActOf<'delay'>> = async ({ byMs }, { proxy }) => {
  if (!proxy) return notDone('nothing stands between the app and its database')
  await proxy.set({ delayMs: byMs })
  return doneUntil(async (afterwards) => {
    if (afterwards !== 'down') await proxy.set({ delayMs: 0 })
  })
}
