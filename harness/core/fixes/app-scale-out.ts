import type { Fix } from './fix.ts'

export const appScaleOut: Fix = {
  id: 'app.scale-out',
  label: (step) => `load balancing over ${step} servers`,
  steps: () => [2, 3, 4, 6, 8],
  apply: (topology, step) => ({
    ...topology,
    balancer: {
      ...topology.balancer,
      engine: topology.balancer.engine === 'none' ? 'embedded' : topology.balancer.engine,
    },
    app: { ...topology.app, instances: Math.max(topology.app.instances, Math.round(step)) },
  }),
  appliesTo: () => true,
  helps: ['app-cpu', 'pool-wait'],
  offered: 'always',
  tellsCause: true,
  sideEffect: 'more database connections: each server opens its own pool',
  cost: (step) => step - 1,
}
