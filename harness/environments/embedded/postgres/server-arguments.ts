import type { DatabaseTopology } from '../../../core/topology.ts'
import { postgresSettings } from '../../postgres-settings.ts'

/** Postgres 18 has it, older servers do not know the name. */
const VERSION_SETTINGS: Readonly<Record<string, string>> = { io_method: 'worker' }

/**
 * What the server shares while it runs (its statistics, 1 MB at a time) lies in its main memory, which goes with it: the
 * files it would make instead stay when it is killed.
 */
const MEMORY_SETTINGS: Readonly<Record<string, string>> = { min_dynamic_shared_memory: '16MB' }

/** Where the server listens: not to be overridden. */
const LISTENING: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

/** Command line of the server, with `own` settings that nothing overrides. */
export function serverArguments(
  dataFolder: string,
  port: number,
  database: DatabaseTopology,
  own: Readonly<Record<string, string>> = {},
): readonly string[] {
  const settings = {
    ...VERSION_SETTINGS,
    ...MEMORY_SETTINGS,
    ...postgresSettings(database),
    ...LISTENING,
    port: String(port),
    ...own,
  }
  return [
    '-D',
    dataFolder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}
