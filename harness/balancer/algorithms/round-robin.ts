import { type Balancing, observeNothing } from './balancing.ts'

/** Each server in turn, whatever its load. */
export function roundRobin(): Balancing {
  let turn = -1
  return {
    pick(servers) {
      turn = (turn + 1) % servers.length
      return servers[turn]!
    },
    observe: observeNothing,
  }
}
