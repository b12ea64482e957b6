import type { AttachedFacts, AttachSpec, Missing } from '../../core/attached.ts'
import { HarnessError } from '../../core/errors.ts'
import type { FixStep } from '../../core/fixes/index.ts'
import type { DatabaseConnection, Endpoints, Environment, Running } from '../../ports.ts'
import { type Books, openBooks } from './books.ts'
import { leversOf } from './levers.ts'
import { lookAtDatabase, lookAtReplica, lookAtTarget, notNamed } from './look.ts'
import { lookAtSources } from './look-at-sources.ts'
import { guestUrl, openSession, withSession } from './session.ts'
import { withoutSecrets } from './without-secrets.ts'

export type AttachOptions = {
  readonly spec: AttachSpec
  /** Whether the target can only be this machine. */
  readonly onThisMachine: boolean
  /** Told at once and never overwritten: commands that could not be undone. */
  readonly warn: (text: string) => void
}

/**
 * A system that is up already and was started by somebody else. Nothing of it is changed but by the user's own levers;
 * what may be read is read as a guest.
 */
export function attachEnvironment({ spec, onThisMachine, warn }: AttachOptions): Environment {
  return {
    async up(_, progress, signal): Promise<Running> {
      const { target, postgres } = spec
      if (target !== null) {
        progress(`looking at ${target}`)
        await lookAtTarget(target, signal)
      }
      const unseen = postgres === null ? [] : await lookAtDatabase(postgres, spec)
      for (const replica of spec.replicas) await lookAtReplica(replica, spec)
      const { named, unreadable } = await lookAtSources(spec)
      // Where shoppers are measured there is an answer all the same.
      if (target === null && postgres === null && spec.replicas.length === 0 && named === unreadable.length)
        throw nothingToRead(unreadable)
      const books = spec.allowDdl && postgres !== null ? await openBooks(postgres.url) : null
      return runningOf({ spec, onThisMachine, warn }, books, signal, {
        target: target === null ? null : new URL(target).origin,
        onThisMachine,
        databaseCores: spec.postgresCores,
        missing: [...notNamed(spec), ...unseen, ...unreadable],
        levers: spec.levers.map(({ id, step, label }) => ({
          id,
          step,
          ...(label !== undefined && { label }),
        })),
        ddl: spec.allowDdl,
      })
    },
  }
}

function runningOf(
  { spec, warn }: AttachOptions,
  books: Books | null,
  interrupt: AbortSignal,
  attached: AttachedFacts,
): Running {
  const levers = leversOf(spec.levers, {
    warn,
    clean: (text) => withoutSecrets(text, spec),
    interrupt,
  })
  const guest = spec.postgres === null ? null : guestUrl(spec.postgres.url)
  const exempt = async (): Promise<void> => {}
  let down: Promise<void> | null = null
  let looking: DatabaseConnection | null = null

  async function clean<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      // Postgres may repeat what it was given.
      throw error instanceof HarnessError ? error : new Error(withoutSecrets((error as Error).message, spec))
    }
  }

  const endpoints: Endpoints = {
    database: () => (guest === null ? null : { connectionString: guest, exempt, isGuest: true }),
    replicas: () =>
      spec.replicas.map(({ name, url }) => ({
        component: name,
        connectionString: guestUrl(url),
        exempt,
        isGuest: true,
      })),
    apps: () =>
      spec.prometheus.flatMap((source, i) =>
        source.kind === 'endpoint' ? [{ component: `app-${i + 1}`, metricsUrl: source.url }] : [],
      ),
    balancer: () =>
      spec.haproxy === null ? null : { component: 'haproxy', engine: 'haproxy-page', statsUrl: spec.haproxy },
    pooler: () => spec.pgbouncer && { component: 'pgbouncer', consoleUrl: spec.pgbouncer.url },
    cache: () => spec.redis && { component: 'redis', url: spec.redis.url },
    meter: async () => [],
    outside: spec,
  }

  return {
    url: spec.target ?? '',
    endpoints,
    topology: null,
    isolation: { means: 'none', bindsWithin: null, periodMs: null },
    attached,
    can: (fixes: readonly FixStep[]) => levers.can(fixes),
    apply: (fixes) => levers.moveTo(fixes),
    undo: () => levers.moveTo([]),
    // What an arm left in the database the next one finds: nothing of it is ours to put back.
    restoreData: async () => [],
    enforceBudgets: async () => {},
    query: (sql, values) =>
      clean(() => {
        const url = books?.url ?? guest
        return url === null ? Promise.reject(noDatabase()) : withSession(url, (query) => query(sql, values))
      }),
    connect: ({ statementTimeoutMs }) =>
      clean(() => {
        if (spec.postgres === null) return Promise.reject(noDatabase())
        const searchPath = books?.searchPath ?? ''
        return openSession(guestUrl(spec.postgres.url, { statementTimeoutMs, searchPath }))
      }),
    // Without its database nobody can say: then the longest pause is made.
    isQuiet: () => (guest === null ? Promise.resolve(false) : nobodyWorks(guest)),
    onDeath: () => {},
    adopt: async () => {},
    down: () => {
      down ??= leave()
      return down
    },
  }

  /** Asked again and again after each step: on one connection. */
  async function nobodyWorks(url: string): Promise<boolean> {
    try {
      looking ??= await openSession(url)
      const [row] = await looking.query(BUSY_SQL)
      return Number(row?.['busy']) === 0
    } catch {
      await looking?.close()
      looking = null
      return false
    }
  }

  async function leave(): Promise<void> {
    await looking?.close()
    await books?.close().catch((error: Error) => {
      warn(
        `the schema ${books.schema} was not dropped (${withoutSecrets(error.message, spec)}). By hand: drop schema ${books.schema} cascade`,
      )
    })
    await levers.undoAll()
  }
}

/** Sessions of others that work. It is marked as the probes' statements are: it is not the app's. */
const BUSY_SQL = `select /* doorbuster-probe quiet */ count(*) as busy from pg_stat_activity
 where state = 'active' and backend_type = 'client backend' and application_name <> 'doorbuster'`

function nothingToRead(unreadable: readonly Missing[]): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `nothing that was named can be read:\n  ${unreadable.map(({ what }) => what).join('\n  ')}`,
    where: 'what to attach to',
    hint: 'Mend one of them, or name the database: --postgres env:DATABASE_URL',
  })
}

function noDatabase(): HarnessError {
  return new HarnessError({
    code: 'usage',
    message: 'no database was named',
    where: '--postgres',
    hint: 'Name it: --postgres env:DATABASE_URL',
  })
}
