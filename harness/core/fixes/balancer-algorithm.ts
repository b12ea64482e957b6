import { BALANCER_ALGORITHMS, type BalancerAlgorithm, type Topology } from '../topology.ts'
import type { Fix } from './fix.ts'

/** The likeliest to do better first: those that look at how busy servers are (`field/postgres-bottlenecks.md` §3). */
const PREFERRED: readonly BalancerAlgorithm[] = [
  'least-connections',
  'ewma',
  'random-two',
  'round-robin',
  'ip-hash',
]

/** A step is the number of an algorithm in BALANCER_ALGORITHMS, from 1. */
export const balancerAlgorithm: Fix = {
  id: 'balancer.algorithm',
  label: (step) => `balancing by ${algorithmAt(step)}`,
  steps: (today) => others(today).map((algorithm) => BALANCER_ALGORITHMS.indexOf(algorithm) + 1),
  apply: (topology, step) => ({
    ...topology,
    balancer: { ...topology.balancer, algorithm: algorithmAt(step) },
  }),
  appliesTo: ({ app, balancer }) => {
    if (balancer.engine === 'none') return 'there is no balancer'
    return app.instances > 1 || 'one app server leaves nothing to choose'
  },
  helps: [],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect: 'requests go to other servers than before',
  cost: () => 0,
}

function others({ balancer }: Topology): readonly BalancerAlgorithm[] {
  const unknown = balancer.engine === 'haproxy' ? 'ewma' : null
  return PREFERRED.filter((algorithm) => algorithm !== balancer.algorithm && algorithm !== unknown)
}

function algorithmAt(step: number): BalancerAlgorithm {
  return BALANCER_ALGORITHMS[step - 1] ?? 'least-connections'
}
