import type { Topology } from '../topology.ts'
import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

/** Of what today surely carries: a shop at its very limit is slow, and those who wait look again and again, which costs too. */
const LETS_IN = 0.8

/**
 * Lets in four of five shoppers a second that today's topology surely carries, shared out evenly among its servers (each
 * lets in by itself). A setting of the sample shop; an app of your own gets it as SHOP_WAITING_ROOM_ADMITS_PER_SEC.
 */
export const shopWaitingRoom: Fix = {
  id: 'shop.waiting-room',
  label: (step, today) =>
    `a waiting room that lets ${step * (today?.app.instances ?? 1)} shoppers/s in${today ? '' : ' by each server'}`,
  steps: (today, { surelyPerSec }) =>
    surelyPerSec === null ? [] : [Math.max(1, Math.floor((LETS_IN * surelyPerSec) / today.app.instances))],
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

/** Shoppers/s that the waiting room of a topology lets in; `null`: it has none. */
export function admittedPerSec({ app: { instances, settings } }: Topology): number | null {
  const each = Number(settings['waitingRoomAdmitsPerSec'] ?? 0)
  return each > 0 ? each * instances : null
}
