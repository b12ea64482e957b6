import type { BalancerAlgorithm } from '../core/topology.ts'
import type { Balancing, Chance } from './algorithms/balancing.ts'
import { peakEwma } from './algorithms/ewma.ts'
import { ipHash } from './algorithms/ip-hash.ts'
import { leastConnections } from './algorithms/least-connections.ts'
import { randomTwo } from './algorithms/random-two.ts'
import { roundRobin } from './algorithms/round-robin.ts'

const ALGORITHMS: Readonly<Record<BalancerAlgorithm, (chance: Chance) => Balancing>> = {
  'round-robin': roundRobin,
  'least-connections': leastConnections,
  'random-two': randomTwo,
  ewma: peakEwma,
  'ip-hash': ipHash,
}

/** A fresh instance of the named algorithm; `chance` gives uniform numbers in [0, 1). */
export function balancing(algorithm: BalancerAlgorithm, chance: Chance): Balancing {
  return ALGORITHMS[algorithm](chance)
}
