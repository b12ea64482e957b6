import { type Balancing, observeNothing } from './balancing.ts'

/** The server with the fewest requests in flight; equal ones take turns, or the first would get all light load. */
export function leastConnections(): Balancing {
  let turn = -1
  return {
    pick(servers) {
      turn = (turn + 1) % servers.length
      let best = servers[turn]!
      for (let i = 1; i < servers.length; i++) {
        const server = servers[(turn + i) % servers.length]!
        if (server.inFlight < best.inFlight) best = server
      }
      return best
    },
    observe: observeNothing,
  }
}
