import { alike, type Chance, type ServerLoad } from './balancing.ts'

/**
 * Two different servers by chance, then the one that costs less (Mitzenmacher, "The Power of Two Choices", 2001):
 * nearly as even as looking at all of them, and a herd of balancers does not run to the same server. With unequal shares
 * they are drawn in proportion, and a cost counts for its share.
 */
export function cheaperOfTwo<T extends ServerLoad>(
  servers: readonly T[],
  chance: Chance,
  costOf: (server: T) => number,
): T {
  if (!alike(servers)) return cheaperForItsShare(servers, chance, costOf)
  const first = Math.floor(chance() * servers.length)
  if (servers.length === 1) return servers[first]!
  const step = 1 + Math.floor(chance() * (servers.length - 1))
  const one = servers[first]!
  const other = servers[(first + step) % servers.length]!
  return costOf(other) < costOf(one) ? other : one
}

function cheaperForItsShare<T extends ServerLoad>(
  servers: readonly T[],
  chance: Chance,
  costOf: (server: T) => number,
): T {
  const one = drawn(servers, chance)
  const other = drawn(
    servers.filter((server) => server !== one),
    chance,
  )
  return costOf(other) / other.weight < costOf(one) / one.weight ? other : one
}

/** One of them, each as probable as its share. */
function drawn<T extends ServerLoad>(servers: readonly T[], chance: Chance): T {
  let left = chance() * servers.reduce((sum, { weight }) => sum + weight, 0)
  for (const server of servers) {
    left -= server.weight
    if (left < 0) return server
  }
  return servers.at(-1)!
}
