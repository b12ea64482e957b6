import { MOST_INSTANCES } from '../topology.ts'
import type { Fix } from './fix.ts'

/** Least CPU of a server, cores: less cannot be enforced (`topology.app.cpu`). */
const LEAST_CPU = 0.01

/** Balancing without more CPU: today's app CPU shared out among more servers. */
export const balancerSpread: Fix = {
  id: 'balancer.spread',
  label: (step) => `today's app CPU spread over ${step} servers`,
  steps: ({ app }) => [2, 3, 4].map((times) => app.instances * times).filter((n) => n <= MOST_INSTANCES),
  apply: (topology, step) => ({
    ...topology,
    balancer: {
      ...topology.balancer,
      engine: topology.balancer.engine === 'none' ? 'embedded' : topology.balancer.engine,
    },
    app: {
      ...topology.app,
      instances: step,
      cpu: (topology.app.instances * topology.app.cpu) / step,
    },
  }),
  appliesTo: ({ app }) => {
    if (app.instances * 2 > MOST_INSTANCES) return `a balancer has room for ${MOST_INSTANCES} servers`
    return app.cpu / 2 >= LEAST_CPU || `half of ${app.cpu} cores is too little for an app server`
  },
  helps: [],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect:
    'more database connections: each server opens its own pool, and each has its own fixed cost of CPU',
  cost: () => 0,
}
