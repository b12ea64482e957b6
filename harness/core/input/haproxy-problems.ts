import type { BalancerTopology } from '../topology.ts'
import type { Problem } from './problem.ts'

/** What is asked of HAProxy that it does not have: better refused than quietly left out. */
export function haproxyProblems(balancer: BalancerTopology): readonly Problem[] {
  if (balancer.engine !== 'haproxy') return []
  const problems: Problem[] = []
  if (balancer.algorithm === 'ewma') {
    problems.push({
      path: 'topology.balancer.algorithm',
      expected:
        'round-robin, least-connections, random-two or ip-hash: HAProxy has no peak-EWMA (engine=embedded has)',
      got: '"ewma"',
    })
  }
  if (balancer.ejectAboveErrorShare !== null) {
    problems.push({
      path: 'topology.balancer.ejectAboveErrorShare',
      expected:
        'none: HAProxy ejects by failures in a row alone (ejectAfterFailures; engine=embedded has both)',
      got: String(balancer.ejectAboveErrorShare),
    })
  }
  return problems
}
