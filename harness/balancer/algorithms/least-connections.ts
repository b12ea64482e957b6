import { alike, type Balancing, observeNothing, type ServerLoad } from './balancing.ts'
import { Turns } from './round-robin.ts'

/**
 * The server with the fewest requests in flight for its share; equal ones take turns, or the first would get all light
 * load.
 */
export function leastConnections(): Balancing {
  const turns = new Turns()
  let turn = -1
  return {
    pick(servers) {
      if (!alike(servers)) return turns.next(leastForTheirShare(servers))
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

function leastForTheirShare<T extends ServerLoad>(servers: readonly T[]): readonly T[] {
  const least = Math.min(...servers.map(({ inFlight, weight }) => inFlight / weight))
  return servers.filter(({ inFlight, weight }) => inFlight / weight === least)
}
