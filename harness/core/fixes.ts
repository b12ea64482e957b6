import type { BottleneckClass } from './bottleneck.ts'
import type { Topology } from './topology.ts'

/** A fix is a named change of the topology, with the steps it can be taken in. */
export type Fix = {
  readonly id: FixId
  /** As the reports call it: "database CPU ×3". */
  readonly label: (step: number) => string
  /** Steps from the cheapest up (for a scale-up: the factor on CPU; for a scale-out: the instances). */
  readonly steps: readonly number[]
  readonly apply: (topology: Topology, step: number) => Topology
  /** `true`, or why it makes no sense on this topology. */
  readonly appliesTo: (topology: Topology) => true | string
  /** Bottleneck classes it should relieve (`field/postgres-bottlenecks.md` §2, the decision table). */
  readonly helps: readonly BottleneckClass[]
  /** What else it brings with it. */
  readonly sideEffect: string
  /** Cost relative to today's topology, in units of today's monthly bill for the part it changes. */
  readonly cost: (step: number) => number
}

export const FIX_IDS = ['database.scale-up', 'app.scale-out', 'cache.single-flight'] as const
export type FixId = (typeof FIX_IDS)[number]

/** One fix taken to one step. An arm is an ordered list of these; the empty list is today. */
export type FixStep = { readonly id: FixId; readonly step: number }

const databaseScaleUp: Fix = {
  id: 'database.scale-up',
  label: (step) => `database CPU ×${step}`,
  steps: [1.5, 2, 3, 4, 6, 8],
  apply: (topology, step) => ({
    ...topology,
    database: { ...topology.database, cpu: topology.database.cpu * step },
  }),
  appliesTo: () => true,
  helps: ['database-cpu', 'database-missing-index'],
  sideEffect: 'a restart or failover of the database while it is resized',
  cost: (step) => step - 1,
}

const appScaleOut: Fix = {
  id: 'app.scale-out',
  label: (step) => `load balancing over ${step} servers`,
  steps: [2, 3, 4, 6, 8],
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
  sideEffect: 'more database connections: each server opens its own pool',
  cost: (step) => step - 1,
}

const cacheSingleFlight: Fix = {
  id: 'cache.single-flight',
  label: () => 'single flight in the cache',
  steps: [1],
  apply: (topology) => ({
    ...topology,
    app: { ...topology.app, settings: { ...topology.app.settings, singleFlight: 1 } },
  }),
  appliesTo: ({ app: { settings } }) => {
    if (settings['cache'] !== 'process' && settings['cache'] !== 'redis') return 'the app keeps no pages'
    return Number(settings['singleFlight'] ?? 0) === 1 ? 'the cache has it already' : true
  },
  helps: ['cache-stampede'],
  sideEffect: 'a page that takes long to find keeps all waiting who want it',
  cost: () => 0,
}

/** Every fix there is: one entry each, in the order reports list them. */
export const FIXES: Readonly<Record<FixId, Fix>> = {
  'database.scale-up': databaseScaleUp,
  'app.scale-out': appScaleOut,
  'cache.single-flight': cacheSingleFlight,
}

/** The topology an arm stands for: today's, with each fix applied in order. */
export function applyFixes(today: Topology, fixes: readonly FixStep[]): Topology {
  return fixes.reduce((topology, { id, step }) => FIXES[id].apply(topology, step), today)
}

/** "database CPU ×3 + load balancing over 2 servers", or "today". */
export function armLabel(fixes: readonly FixStep[]): string {
  return fixes.length === 0 ? 'today' : fixes.map(({ id, step }) => FIXES[id].label(step)).join(' + ')
}
