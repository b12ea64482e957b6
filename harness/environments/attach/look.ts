import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AttachSpec, Missing, SecretUrl } from '../../core/attached.ts'
import { connectionWords } from '../../core/connection-words.ts'
import { HarnessError } from '../../core/errors.ts'
import { APPLICATION_NAME, guestUrl, withSession } from './session.ts'
import { reasonOf, withoutSecrets } from './without-secrets.ts'

const ANSWERS_WITHIN_MS = 10_000

/** Rejects when nobody answers there: whatever the answer is, the surge will tell. */
export async function lookAtTarget(target: string, signal: AbortSignal): Promise<void> {
  try {
    await firstAnswer(target, AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]))
  } catch (cause) {
    if (signal.aborted)
      throw new HarnessError({ code: 'interrupted', message: 'interrupted while the target was looked at' })
    throw new HarnessError({
      code: 'environment',
      message: `the target does not answer: ${connectionWords(cause)}`,
      where: target,
      hint: 'Start it, or mend --target.',
      cause,
    })
  }
}

/** By node:http, as the surge does: `fetch` refuses ports that browsers do, 6000 say. */
function firstAnswer(target: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ask = target.startsWith('https:') ? httpsRequest : httpRequest
    const request = ask(target, { signal, agent: false }, (answer) => {
      answer.destroy()
      resolve()
    })
    request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error))
    request.end()
  })
}

type DatabaseFacts = {
  readonly read_only: string
  readonly application: string
  readonly version: number
  readonly monitor: boolean
  readonly statements: string | null
}

const FACTS_SQL = `select current_setting('default_transaction_read_only') as read_only,
       current_setting('application_name') as application,
       current_setting('server_version_num')::int as version,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as monitor,
       (select quote_ident(nspname) from pg_extension join pg_namespace n on n.oid = extnamespace
         where extname = 'pg_stat_statements') as statements`
const OLDEST = 140_000

/** What the database lets a guest see; rejects when it cannot be reached, or is reached through what forgets manners. */
export async function lookAtDatabase(postgres: SecretUrl, spec: AttachSpec): Promise<readonly Missing[]> {
  const missing: Missing[] = []
  let facts: DatabaseFacts | undefined
  let statementsFail: string | null = null
  try {
    await withSession(guestUrl(postgres.url), async (query) => {
      ;[facts] = (await query(FACTS_SQL)) as readonly DatabaseFacts[]
      if (facts?.statements)
        await query(`select count(*) from ${facts.statements}.pg_stat_statements(false)`).catch(
          (error: Error) => {
            statementsFail = error.message
          },
        )
    })
  } catch (cause) {
    throw new HarnessError({
      code: 'environment',
      message: `the database does not let us in: ${reasonOf(cause, spec)}`,
      where: `postgres env:${postgres.name}`,
      hint: entryHint(cause, postgres.name),
    })
  }
  if (facts?.read_only !== 'on' || facts.application !== APPLICATION_NAME)
    throw new HarnessError({
      code: 'environment',
      message: 'what answers there does not keep our connections read-only: it is a pooler, most likely',
      where: `postgres env:${postgres.name}`,
      hint: 'Give the address of Postgres itself; a pooler goes into "pgbouncer".',
    })
  if (facts.version < OLDEST)
    missing.push({
      what: `Postgres 14 (this is ${Math.floor(facts.version / 10_000)})`,
      cost: 'its sessions and counters cannot all be read',
    })
  if (!facts.monitor)
    missing.push({
      what: 'the role pg_monitor for our connection',
      cost: "the sessions of others cannot be seen, so what rests on them (locks, the write-ahead log, the database's CPU) is not judged",
    })
  if (facts.statements === null)
    missing.push({
      what: 'the extension pg_stat_statements in that database',
      cost: 'no statement can be named, and a missing index only suspected',
    })
  else if (statementsFail !== null)
    missing.push({
      what: `a pg_stat_statements that can be read (${withoutSecrets(statementsFail, spec)})`,
      cost: 'no statement can be named',
    })
  return missing
}

/** By the SQLSTATE of what Postgres says, or by the lack of one: then nothing was reached that speaks for it. */
function entryHint(cause: unknown, variable: string): string {
  const code = String((cause as { code?: unknown } | null)?.code ?? '')
  if (code === '28P01' || code === '28000')
    return `Mend the user name or the password in ${variable}; a role in pg_monitor suffices: create role doorbuster login password … in role pg_monitor`
  if (code === '3D000') return `Mend the name of the database in ${variable}.`
  if (!/^[0-9A-Z]{5}$/.test(code) || /^E[A-Z]{4}$/.test(code))
    return `Mend host and port in ${variable}, or start the database.`
  return 'Give the address of Postgres itself, not of a pooler; a role in pg_monitor suffices: create role doorbuster login password … in role pg_monitor'
}

/** Rejects when a replica cannot be reached, or is none. */
export async function lookAtReplica(replica: SecretUrl, spec: AttachSpec): Promise<void> {
  let standby: boolean
  try {
    standby = await withSession(guestUrl(replica.url), async (query) => {
      const [row] = await query('select pg_is_in_recovery() as standby')
      return row?.['standby'] === true
    })
  } catch (cause) {
    throw new HarnessError({
      code: 'environment',
      message: `the replica does not let us in: ${reasonOf(cause, spec)}`,
      where: `replica env:${replica.name}`,
      hint: 'Give the address of the standby itself, not of a pooler; a role in pg_monitor suffices.',
    })
  }
  if (standby) return
  throw new HarnessError({
    code: 'environment',
    message: 'what answers there replays no log: it is a primary',
    where: `replica env:${replica.name}`,
    hint: 'Name the standby that the app reads from, or leave it out.',
  })
}

/** What was not named at all, each once. */
export function notNamed(spec: AttachSpec): readonly Missing[] {
  const { postgres, postgresCores, prometheus, levers, target } = spec
  const missing: Missing[] = []
  if (postgres === null)
    missing.push({
      what: 'a DSN (--postgres env:NAME)',
      cost: 'without it the database can be suspected, not named',
    })
  else if (postgresCores === null)
    missing.push({
      what: 'the cores of the database (--postgres-cores 8)',
      cost: 'its CPU cannot be seen from SQL: that it is short is a suspicion, never confirmed',
    })
  if (prometheus.length === 0)
    missing.push({
      what: "the app's metrics (--prometheus http://…/metrics)",
      cost: 'its connection pool, event loop and cache cannot be seen',
    })
  if (target !== null && levers.length === 0)
    missing.push({
      what: 'levers (defineEnvironment({ levers }))',
      cost: 'no fix can be tried, so no cause can be confirmed',
    })
  return missing
}
