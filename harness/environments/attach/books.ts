import { randomBytes } from 'node:crypto'
import type { DatabaseConnection } from '../../ports.ts'
import { guestUrl, openSession, withSession } from './session.ts'

/** Where the ledger is kept in a database that others use: a schema of our own, so that no table of theirs is touched. */
export type Books = {
  /** For our own statements that make and fill the tables there. */
  readonly url: string
  /** Finds them, and every other table as before. */
  readonly searchPath: string
  readonly schema: string
  close(): Promise<void>
}

const STATEMENT_TIMEOUT_MS = 10_000
/** First key of the advisory locks that say a schema is in use; any number that nobody else is likely to take. */
const LOCK = 0x0d00_7b05
const MARK = 'made by Doorbuster for one run'

/** Schemas of ours, with no table in them but those that we make. */
const OURS_SQL = `select nspname as schema from pg_namespace n
 where nspname ~ '^doorbuster_[0-9a-f]{8}$' and pg_get_userbyid(nspowner) = current_user
   and obj_description(oid, 'pg_namespace') = '${MARK}'
   and not exists (select from pg_class where relnamespace = n.oid and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
                      and relname not in ('ledger', 'unknown'))`

/**
 * Makes the schema; only ever called when the user allowed it. What runs left that were killed is dropped first: a run
 * that lives holds a lock.
 */
export async function openBooks(connectionString: string): Promise<Books> {
  const schema = `doorbuster_${randomBytes(4).toString('hex')}`
  const writing = { readOnly: false, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  const keeper = await openSession(guestUrl(connectionString, writing))
  try {
    // It does nothing for minutes; before version 14 there is no such limit.
    await keeper.query('set idle_session_timeout = 0').catch(() => {})
    await keeper.query('select pg_advisory_lock($1::int, hashtext($2))', [LOCK, schema])
    // A leftover that cannot be dropped is no reason not to begin.
    await dropLeftovers(keeper.query).catch(() => {})
    await keeper.query(`create schema ${schema}`)
    await keeper.query(`comment on schema ${schema} is '${MARK}'`)
    const [row] = await keeper.query('show search_path')
    const theirs = String(row?.['search_path'] ?? 'public')
    // Blanks end an option where they are not escaped.
    const searchPath = `${schema},${theirs.replaceAll(' ', '')}`
    return {
      schema,
      searchPath,
      url: guestUrl(connectionString, { ...writing, searchPath }),
      close: async () => {
        await keeper.close()
        await withSession(
          guestUrl(connectionString, writing),
          async (query) => void (await query(`drop schema ${schema} cascade`)),
        )
      },
    }
  } catch (error) {
    await keeper.close()
    throw error
  }
}

async function dropLeftovers(query: DatabaseConnection['query']): Promise<void> {
  for (const { schema } of await query(OURS_SQL)) {
    const [row] = await query('select pg_try_advisory_lock($1::int, hashtext($2)) as free', [LOCK, schema])
    if (row?.['free'] !== true) continue
    await query(`drop schema ${String(schema)} cascade`)
    await query('select pg_advisory_unlock($1::int, hashtext($2))', [LOCK, schema])
  }
}
