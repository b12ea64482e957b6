import { type Balancing, type Chance, observeNothing } from './balancing.ts'
import { cheaperOfTwo } from './two-choices.ts'

/** Of two servers drawn by chance, the one with fewer requests in flight. */
export function randomTwo(chance: Chance): Balancing {
  return {
    pick: (servers) => cheaperOfTwo(servers, chance, (server) => server.inFlight),
    observe: observeNothing,
  }
}
