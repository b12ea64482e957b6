import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PoolerTopology } from '../../core/topology.ts'
import { renderPgbouncer, renderUsers } from '../pgbouncer-config.ts'
import { POOLER_CONFIG, POOLER_FOLDER, POOLER_USERS, POSTGRES_PORT } from './overlay.ts'

/** The text of PgBouncer's configuration in its container. */
export function poolerConfig(pooler: PoolerTopology): string {
  return renderPgbouncer(pooler, {
    host: '0.0.0.0',
    port: POSTGRES_PORT,
    database: { host: 'database', port: POSTGRES_PORT },
    usersFile: `${POOLER_FOLDER}/${POOLER_USERS}`,
    auth: 'scram-sha-256',
  })
}

/** Puts it, and whom it lets in, where the container finds them. It runs as nobody there; here only we get into the folder above. */
export function writePoolerConfig(folder: string, text: string, password: string): void {
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, POOLER_CONFIG), text)
  writeFileSync(join(folder, POOLER_USERS), renderUsers(password))
}
