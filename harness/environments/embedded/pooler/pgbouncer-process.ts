import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PoolerTopology } from '../../../core/topology.ts'
import { renderPgbouncer, renderUsers } from '../../pgbouncer-config.ts'
import { answers } from '../../pgbouncer-console.ts'
import { type ServerHome, surroundings } from '../postgres/server.ts'
import { type Listening, startListening } from '../start-listening.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import { findPgbouncer } from './find-pgbouncer.ts'

export const POOLER = 'pooler'

const READY_WITHIN_MS = 10_000
const CONFIG_FILE = 'pgbouncer.ini'
const USERS_FILE = 'pgbouncer-users.txt'

/** Starts PgBouncer in the run's folder, as the user that Postgres runs as: it refuses to run as root, too. */
export function startPgbouncer(
  supervisor: Supervisor,
  home: ServerHome,
  topology: PoolerTopology,
  databasePort: number,
  signal: AbortSignal,
  port?: number,
): Promise<Listening> {
  const program = findPgbouncer()
  const write = (file: string, text: string): void => {
    const path = join(home.folder, file)
    writeFileSync(path, text, { mode: 0o600 })
    if (home.runAs) chownSync(path, home.runAs.uid, home.runAs.gid)
  }
  write(USERS_FILE, renderUsers())
  return startListening({
    supervisor,
    signal,
    withinMs: READY_WITHIN_MS,
    ...(port === undefined ? {} : { port }),
    program: (chosen) => {
      write(
        CONFIG_FILE,
        renderPgbouncer(topology, {
          host: '127.0.0.1',
          port: chosen,
          database: { host: '127.0.0.1', port: databasePort },
          usersFile: join(home.folder, USERS_FILE),
          auth: 'trust',
        }),
      )
      return {
        ...surroundings(home),
        name: POOLER,
        role: 'pooler',
        endWith: 'SIGTERM',
        command: program,
        args: [CONFIG_FILE],
      }
    },
    ready: (chosen) => answers({ port: chosen }),
    hint: 'the lines above are PgBouncer’s own words',
  })
}
