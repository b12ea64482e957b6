import type { Topology } from '../../core/topology.ts'
import type { AppSpec } from '../../ports.ts'
import { settingVariable } from '../app-variables.ts'
import { SHOP_DATABASE, SHOP_ROLE, SUPERUSER } from '../postgres-connection.ts'
import { postgresSettings } from '../postgres-settings.ts'

/** What one run lays over docker-compose.yml, beside its topology. */
export type OverlayParts = {
  readonly app: Pick<AppSpec, 'env'>
  /** The image of this run, and the folder it is made from. */
  readonly image: string
  readonly imageFolder: string
  /** What that image is made on. */
  readonly baseImage: string
  /** Folder on this machine that holds HAProxy's configuration and its socket. */
  readonly balancerFolder: string
  /** Folder that holds PgBouncer's configuration. */
  readonly poolerFolder: string
  readonly databasePort: number
  /** Whom HAProxy runs as, so that its socket is the harness's: `uid:gid`. */
  readonly user: string
}

type Service = Readonly<Record<string, unknown>>
export type ComposeDocument = { readonly services: Readonly<Record<string, Service>> }

/** Where the app listens in its container, and HAProxy in its own (both as docker-compose.yml says). */
export const APP_PORT = 8080
/** Where Postgres and PgBouncer listen in theirs. */
export const POSTGRES_PORT = 5432
const REDIS_PORT = 6379

/**
 * A topology as a Compose file to lay over docker-compose.yml. CPU stays unlimited in it: a container made with a limit
 * cannot take another period, so budgets come later, by `docker update`. Health checks come once a day: they would
 * work inside the very budgets that are measured.
 */
export function overlay(
  topology: Topology,
  parts: OverlayParts,
  replicaAddresses: readonly string[] = [],
): ComposeDocument {
  const environment = appEnvironment(topology, parts.app)
  const made = {
    image: parts.image,
    build: { context: parts.imageFolder, dockerfile: 'Dockerfile' },
    ...REHEARSED,
  }
  const settings = Object.entries(postgresSettings(topology.database)).flatMap(setting)
  return {
    services: escaped({
      database: {
        ...REHEARSED,
        command: ['postgres', '-c', KEPT_FOR_REPLICAS, ...settings],
        environment: {
          // The app's role is an ordinary one: connections kept for superusers stay free of it.
          POSTGRES_USER: SUPERUSER,
          POSTGRES_DB: SUPERUSER,
          POSTGRES_INITDB_ARGS: '--locale=C.UTF-8 --encoding=UTF8',
        },
        ports: [`127.0.0.1:${parts.databasePort}:${POSTGRES_PORT}`],
      },
      seed: { ...made, environment },
      shop: {
        ...made,
        environment: { ...environment, ...backing(topology, replicaAddresses) },
        command: ['sh', '-c', `INSTANCE=$HOSTNAME exec node ${APP_BUNDLE}`],
        ports: [`127.0.0.1::${APP_PORT}`],
      },
      balancer: {
        ...REHEARSED,
        user: parts.user,
        working_dir: '/doorbuster',
        command: ['haproxy', '-db', '-f', 'haproxy.cfg'],
        volumes: [`${parts.balancerFolder}:/doorbuster`],
      },
      replica: {
        ...REHEARSED,
        command: ['bash', '-c', BECOME_REPLICA, 'replica', ...settings],
        ports: [`127.0.0.1::${POSTGRES_PORT}`],
      },
      pooler: {
        ...REHEARSED,
        // It refuses to run as root.
        user: NOBODY,
        entrypoint: ['pgbouncer', `${POOLER_FOLDER}/${POOLER_CONFIG}`],
        volumes: [`${parts.poolerFolder}:${POOLER_FOLDER}:ro`],
        ports: [`127.0.0.1::${POSTGRES_PORT}`],
      },
      cache: {
        ...REHEARSED,
        command: [
          ...['redis-server', '--protected-mode', 'no', '--save', '', '--appendonly', 'no'],
          ...['--maxmemory', `${topology.cache.memoryMb}mb`, '--maxmemory-policy', 'allkeys-lru'],
        ],
        deploy: {
          resources: { limits: { cpus: '0', memory: `${topology.cache.memoryMb + REDIS_OWN_MB}M` } },
        },
        ports: [`127.0.0.1::${REDIS_PORT}`],
      },
    }),
  }
}

/** A database of the project as its containers reach it; the password is in their environment. */
export function urlInside(database: string, host = 'database'): string {
  return `postgres://${SHOP_ROLE}@${host}:${POSTGRES_PORT}/${database}`
}

/** A Redis takes this much beside what it keeps. */
const REDIS_OWN_MB = 64
const NOBODY = '65534:65534'
/** PgBouncer's folder as its container sees it, and the files that it finds there. */
export const POOLER_FOLDER = '/doorbuster'
export const POOLER_CONFIG = 'pgbouncer.ini'
export const POOLER_USERS = 'users.txt'

/** A replica that comes, or was away for a moment, finds what it missed. */
const KEPT_FOR_REPLICAS = 'wal_keep_size=512MB'
/** Copies the primary's data at the container's first start, and goes on as its standby with the settings it is given. */
const BECOME_REPLICA = `until [ -s "$PGDATA/PG_VERSION" ]; do
  rm -rf "$PGDATA"
  pg_basebackup -h database -U ${SUPERUSER} -D "$PGDATA" -X stream -c fast -R || { rm -rf "$PGDATA"; sleep 1; }
done
chmod 0700 "$PGDATA"
exec postgres -c listen_addresses='*' "$@"`

const APP_BUNDLE = '/shop/app.mjs'
export const SEED_BUNDLE = '/shop/seed.mjs'

const REHEARSED = {
  // Not `disable`: Compose 1.29 refuses it over a check that has an interval.
  healthcheck: { test: ['CMD', 'true'], interval: '24h', start_period: '0s' },
  // "0": none, where docker-compose.yml has one.
  deploy: { resources: { limits: { cpus: '0' } } },
} as const

function appEnvironment({ app }: Topology, { env }: Pick<AppSpec, 'env'>): Record<string, string> {
  const settings = Object.entries(app.settings).map(([key, value]) => [settingVariable(key), String(value)])
  return {
    NODE_ENV: 'production',
    ...Object.fromEntries(settings),
    SHOP_FLAWS: app.flaws.join(','),
    ...env,
    // Not what docker-compose.yml may have got from the environment of whoever ran it.
    DATABASE_URL: urlInside(SHOP_DATABASE),
    POOL_SIZE: String(app.poolSize),
  }
}

/** What stands beside the app: where it is, as the app's servers are told. */
function backing({ pooler, cache }: Topology, replicaAddresses: readonly string[]): Record<string, string> {
  return {
    ...(pooler.kind !== 'none' && { DATABASE_URL: urlInside(SHOP_DATABASE, 'pooler') }),
    SHOP_REPLICA_URLS: replicaAddresses.map((address) => urlInside(SHOP_DATABASE, address)).join(','),
    REDIS_URL: cache.kind === 'none' ? '' : `redis://cache:${REDIS_PORT}`,
  }
}

function setting([name, value]: [string, string]): readonly string[] {
  return ['-c', `${name}=${value}`]
}

/** Compose reads `$` as the start of a variable; doubled, it is one. */
function escaped<Value>(value: Value): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$') as Value
  if (Array.isArray(value)) return value.map(escaped) as Value
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)])) as Value
}
