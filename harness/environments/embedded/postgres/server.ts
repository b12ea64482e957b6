import { mkdirSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { HarnessError } from '../../../core/errors.ts'
import type { DatabaseTopology } from '../../../core/topology.ts'
import { databaseUrl, SUPERUSER, withClient } from '../../postgres-connection.ts'
import { type Listening, startListening } from '../start-listening.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import { sharedMemoryOf } from '../supervisor/shared-memory.ts'
import type { RunAs } from './run-as.ts'
import { serverArguments } from './server-arguments.ts'

export const DATABASE = 'database'

/** Where a run's server lives. */
export type ServerHome = {
  readonly native: string
  readonly folder: string
  readonly dataFolder: string
  readonly runAs: RunAs | null
}

const START_WITHIN_MS = 20_000

/** Creates an empty cluster in the run's folder, owned by the user the server runs as. */
export async function initialise(
  supervisor: Supervisor,
  native: string,
  folder: string,
  runAs: RunAs | null,
): Promise<ServerHome> {
  const dataFolder = join(folder, 'data')
  mkdirSync(dataFolder, { mode: 0o700 })
  const home: ServerHome = { native, folder, dataFolder, runAs }
  await hand(home, dataFolder)
  const end = await supervisor.ask('run', {
    name: 'initdb',
    command: join(native, 'bin', 'initdb'),
    // The builtin C.UTF-8 is the same on every platform; the data is thrown away, so nothing is synced yet.
    args: [
      ...['-D', dataFolder, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'],
      // Interrupted, it would take the folder away under a server that is still at work, and with it what the take-down
      // needs to find the server's shared memory.
      '--no-clean',
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ],
    ...surroundings(home),
  })
  if (end.code !== 0) throw failed('initdb failed', end.tail)
  return home
}

/** Starts the server and waits until it answers; gives its port and process. `port` is kept if given (a restart). */
export async function startServer(
  supervisor: Supervisor,
  home: ServerHome,
  database: DatabaseTopology,
  signal: AbortSignal,
  port?: number,
): Promise<Listening> {
  const started = await startListening({
    supervisor,
    signal,
    withinMs: START_WITHIN_MS,
    ...(port === undefined ? {} : { port }),
    program: (chosen) => ({
      name: DATABASE,
      role: 'database',
      endWith: 'SIGQUIT',
      command: join(home.native, 'bin', 'postgres'),
      args: serverArguments(home.dataFolder, chosen, database),
      ...surroundings(home),
      ...limited(home, database),
    }),
    ready: (chosen) =>
      withClient(databaseUrl({ port: chosen }, SUPERUSER, 'postgres'), (query) => query('select 1')).then(
        () => true,
        () => false,
      ),
    hint: 'check `topology.database.settings` and `maxConnections`; the server names the setting it refuses',
  })
  await supervisor.ask('tidy', { files: sharedMemoryOf([started.pid]) })
  return started
}

/**
 * A memory limit. The kernel kills whom it counts worst: by these variables a session, not the server itself, as packages
 * of Postgres set it up (documentation, "Linux Memory Overcommit").
 */
function limited(home: ServerHome, { memoryMb }: DatabaseTopology) {
  if (memoryMb === null) return {}
  const { env } = surroundings(home)
  const spared = { PG_OOM_ADJUST_FILE: '/proc/self/oom_score_adj', PG_OOM_ADJUST_VALUE: '500' }
  return { memoryBytes: memoryMb * 2 ** 20, env: { ...env, ...spared } }
}

/** Gives a file or folder to the user the server runs as. */
export async function hand({ runAs }: ServerHome, path: string): Promise<void> {
  if (runAs) await chown(path, runAs.uid, runAs.gid)
}

/** Where the server's programs run, and as whom. */
export function surroundings({ folder, runAs }: ServerHome): {
  env: Record<string, string>
  cwd: string
  user?: RunAs
} {
  return {
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    cwd: folder,
    ...(runAs ? { user: runAs } : {}),
  }
}

function failed(what: string, tail: string): HarnessError {
  const full = /No space left on device/.test(tail)
  return new HarnessError({
    code: 'environment',
    message: `${what}:\n${tail || 'it said nothing'}`,
    where: DATABASE,
    hint: full
      ? 'free some disk space in the temporary folder (TMPDIR)'
      : 'the lines above are the server’s own words',
  })
}
