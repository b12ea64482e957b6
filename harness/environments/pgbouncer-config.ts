import type { PoolerTopology } from '../core/topology.ts'
import { SHOP_DATABASE, SHOP_ROLE } from './postgres-connection.ts'

/** Who may give orders on PgBouncer's console; there is no such role in the database. */
export const CONSOLE_USER = 'doorbuster'
/** The database that PgBouncer itself answers for. */
export const CONSOLE_DATABASE = 'pgbouncer'

export type PgbouncerPlace = {
  readonly host: string
  readonly port: number
  /** Where it finds the database. */
  readonly database: { readonly host: string; readonly port: number }
  readonly usersFile: string
  /** `trust`: as Postgres beside it, which is reached from this machine only, for as long as a run lasts. */
  readonly auth: 'trust' | 'scram-sha-256'
}

/** App servers may open this many connections to it together: their pools are their own affair. */
const MOST_CLIENTS = 5000

/** PgBouncer's configuration file. Everything that is not named is as PgBouncer has it. */
export function renderPgbouncer(
  { poolMode, poolSize }: Pick<PoolerTopology, 'poolMode' | 'poolSize'>,
  { host, port, database, usersFile, auth }: PgbouncerPlace,
): string {
  return `[databases]
${SHOP_DATABASE} = host=${database.host} port=${database.port} dbname=${SHOP_DATABASE}

[pgbouncer]
listen_addr = ${host}
listen_port = ${port}
unix_socket_dir =
auth_type = ${auth}
auth_file = ${usersFile}
admin_users = ${CONSOLE_USER}
pool_mode = ${poolMode}
default_pool_size = ${poolSize}
; What will be needed is open before the surge comes, and stays open.
min_pool_size = ${poolSize}
server_idle_timeout = 0
server_lifetime = 86400
max_client_conn = ${MOST_CLIENTS}
; A database that comes back is found within a second: by default a pooler looks again after 15.
server_login_retry = 1
; A client library's question of taste, of no meaning to the session; what matters is refused.
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
`
}

/** The file of those it lets in; without a password where it trusts them. */
export function renderUsers(password = ''): string {
  return [SHOP_ROLE, CONSOLE_USER].map((user) => `"${user}" "${password.replaceAll('"', '""')}"\n`).join('')
}
