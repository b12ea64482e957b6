import type { Fault } from '../faults/fault.ts'
import type { Topology } from '../topology.ts'
import type { Problem } from './problem.ts'

/** Faults on components that today's topology does not have: what they are to show would not happen. */
export function faultTargetProblems(faults: readonly Fault[], topology: Topology): readonly Problem[] {
  const components = componentsOf(topology)
  return faults.flatMap(({ act: { target } }, i) =>
    components.includes(target)
      ? []
      : [
          {
            path: `faults[${i}]`,
            expected: `a component that today's topology has: ${components.join(', ')}`,
            got: `"${target}"`,
          },
        ],
  )
}

function componentsOf({ balancer, app, pooler, database, cache }: Topology): readonly string[] {
  return [
    ...(balancer.engine === 'none' ? [] : ['balancer']),
    ...numbered('app', app.instances),
    ...(pooler.kind === 'none' ? [] : ['pooler']),
    'database',
    ...numbered('replica', database.replicas),
    ...(cache.kind === 'none' ? [] : ['redis']),
  ]
}

function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
}
