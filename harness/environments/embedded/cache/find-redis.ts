import { findProgram } from '../find-program.ts'

/** Path of the program `redis-server`. */
export function findRedis(variables: NodeJS.ProcessEnv = process.env): string {
  return findProgram(
    {
      name: 'redis-server',
      variable: 'REDIS',
      askedBy: 'topology.cache.kind=redis',
      hint: 'install redis-server (apt-get install redis-server), or use topology.cache.kind=none',
    },
    variables,
  )
}
