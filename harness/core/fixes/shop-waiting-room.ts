import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

/**
 * Lets in as many shoppers a second as today's topology surely carries (a shop at its very limit is slow), shared out evenly among its servers (each
 * lets in by itself). A setting of the sample shop; an app of your own gets it as SHOP_WAITING_ROOM_ADMITS_PER_SEC.
 */
export const shopWaitingRoom: Fix = {
  id: 'shop.waiting-room',
  label: (step, today) =>
    `a waiting room that lets ${step * (today?.app.instances ?? 1)} shoppers/s in${today ? '' : ' by each server'}`,
  steps: (today, { surelyPerSec }) =>
    surelyPerSec === null ? [] : [Math.max(1, Math.floor(surelyPerSec / today.app.instances))],
  apply: (topology, step) => withSettings(topology, { waitingRoomAdmitsPerSec: step }),
  appliesTo: ({ app: { settings } }) =>
    Number(settings['waitingRoomAdmitsPerSec'] ?? 0) === 0 || 'the shop has a waiting room already',
  helps: [],
  offered: 'when-asked',
  sheds: 'shoppers',
  tellsCause: false,
  sideEffect:
    'shoppers wait in line, and some leave; only an app that knows SHOP_WAITING_ROOM_ADMITS_PER_SEC has it',
  cost: () => 0,
}
