import { Client } from 'pg'
import type { DatabaseConnection } from '../../ports.ts'
import { oneStatement } from '../one-statement.ts'

export const APPLICATION_NAME = 'doorbuster'
/** No statement of ours may hold up a database that others use. */
const STATEMENT_TIMEOUT_MS = 200
const CONNECT_TIMEOUT_MS = 5000

/**
 * The connection string with the manners of a guest: named, read-only, and never long at work. They are asked for as the
 * connection opens; `set` afterwards would, behind a pooler, be left to whoever gets the connection next.
 */
export function guestUrl(
  url: string,
  { readOnly = true, statementTimeoutMs = STATEMENT_TIMEOUT_MS, searchPath = '' } = {},
): string {
  const guest = new URL(url)
  const options = [
    `statement_timeout=${statementTimeoutMs}`,
    `default_transaction_read_only=${readOnly ? 'on' : 'off'}`,
    ...(searchPath === '' ? [] : [`search_path=${searchPath}`]),
  ]
  guest.searchParams.set('application_name', APPLICATION_NAME)
  guest.searchParams.set('options', options.map((option) => `-c ${option}`).join(' '))
  return guest.href
}

/** A connection of its own. Rejects with what Postgres says. `simple`: for what speaks that protocol only. */
export async function openSession(
  url: string,
  protocol: 'extended' | 'simple' = 'extended',
): Promise<DatabaseConnection> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Such a one has no limit of its own for a statement.
    ...(protocol === 'simple' && { query_timeout: CONNECT_TIMEOUT_MS }),
  })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    client.end().catch(() => {})
    throw error
  }
  return {
    query: async (sql, values) =>
      (await client.query<Record<string, unknown>>(protocol === 'simple' ? sql : oneStatement(sql, values)))
        .rows,
    close: async () => {
      await client.end().catch(() => {})
    },
  }
}

/** Opens a connection for one act. */
export async function withSession<T>(
  url: string,
  act: (query: DatabaseConnection['query']) => Promise<T>,
): Promise<T> {
  const session = await openSession(url)
  try {
    return await act(session.query)
  } finally {
    await session.close()
  }
}
