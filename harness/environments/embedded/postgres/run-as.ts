import { readFileSync } from 'node:fs'
import { HarnessError } from '../../../core/errors.ts'

/** User a process is started as. Node drops the supplementary groups when these are given. */
export type RunAs = { readonly uid: number; readonly gid: number }

/**
 * Postgres refuses to run as root: then it runs as `postgres` if that user exists, else `nobody`. `null`: as oneself.
 */
export function postgresUser(): RunAs | null {
  if (process.getuid?.() !== 0) return null
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const wanted of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${wanted}:`))?.split(':')
    const uid = Number(fields?.[2])
    if (uid > 0) return { uid, gid: Number(fields?.[3]) }
  }
  throw new HarnessError({
    code: 'environment',
    message:
      'Postgres refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it as',
    where: '/etc/passwd',
    hint: 'run as an ordinary user, or create the user: useradd --system postgres',
  })
}
