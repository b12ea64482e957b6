import { findProgram } from '../find-program.ts'

/** Path of the program `haproxy`. */
export function findHaproxy(variables: NodeJS.ProcessEnv = process.env): string {
  return findProgram(
    {
      name: 'haproxy',
      variable: 'HAPROXY',
      askedBy: 'topology.balancer.engine=haproxy',
      hint: 'install haproxy (2.6 or newer), or use topology.balancer.engine=embedded',
    },
    variables,
  )
}
