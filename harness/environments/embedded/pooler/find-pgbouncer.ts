import { findProgram } from '../find-program.ts'

/** Path of the program `pgbouncer`. */
export function findPgbouncer(variables: NodeJS.ProcessEnv = process.env): string {
  return findProgram(
    {
      name: 'pgbouncer',
      variable: 'PGBOUNCER',
      askedBy: 'topology.pooler.kind=pgbouncer',
      hint: 'install pgbouncer (apt-get install pgbouncer), or use topology.pooler.kind=none',
    },
    variables,
  )
}
