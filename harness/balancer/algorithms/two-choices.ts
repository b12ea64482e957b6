import type { Chance, ServerLoad } from './balancing.ts'

/**
 * Two different servers by chance, then the one that costs less (Mitzenmacher, "The Power of Two Choices", 2001):
 * nearly as even as looking at all of them, and a herd of balancers does not run to the same server.
 */
export function cheaperOfTwo<T extends ServerLoad>(
  servers: readonly T[],
  chance: Chance,
  costOf: (server: T) => number,
): T {
  const first = Math.floor(chance() * servers.length)
  if (servers.length === 1) return servers[first]!
  const step = 1 + Math.floor(chance() * (servers.length - 1))
  const one = servers[first]!
  const other = servers[(first + step) % servers.length]!
  return costOf(other) < costOf(one) ? other : one
}
