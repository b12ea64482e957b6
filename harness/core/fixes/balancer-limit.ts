import type { Fix } from './fix.ts'

/** Whoever waits in line longer than this is late already, and better told so at once: a page that comes late serves nobody. */
const IN_LINE_MS = 100

/**
 * As many requests at once in each server as it has database connections (what a server takes beyond that waits inside it,
 * where nobody can turn it away), and a short line in front of them.
 */
export const balancerLimit: Fix = {
  id: 'balancer.limit',
  label: (step) => `at most ${step} requests at once per server, the rest in a short line`,
  steps: (today) => [today.app.poolSize],
  apply: (topology, step) => ({
    ...topology,
    balancer: {
      ...topology.balancer,
      maxConnectionsPerServer: step,
      queueTimeoutMs: Math.min(topology.balancer.queueTimeoutMs, IN_LINE_MS),
    },
  }),
  appliesTo: ({ app, balancer }) => {
    if (balancer.engine === 'none') return 'there is no balancer'
    const { maxConnectionsPerServer: limit } = balancer
    return limit === null || limit > app.poolSize || `the balancer allows no more than ${limit} already`
  },
  helps: [],
  offered: 'when-asked',
  sheds: 'requests',
  tellsCause: false,
  sideEffect: 'requests that wait too long in the balancer are turned away with a 503',
  cost: () => 0,
}
