import { Client } from 'pg'
import { oneStatement } from './one-statement.ts'

export const SHOP_DATABASE = 'shop'
export const SEEDED_DATABASE = 'shop_seeded'
/** Owner of the shop's data: an ordinary role, so that connections kept for superusers stay free of the app. */
export const SHOP_ROLE = 'shop'
export const SUPERUSER = 'postgres'

/** A server on a loopback port; `password`: of every role, where it asks for one. */
export type DatabaseServer = { readonly port: number; readonly password?: string }

/** URL of a database of a server of ours. */
export function databaseUrl({ port, password }: DatabaseServer, user: string, database: string): string {
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`
  return `postgresql://${user}${secret}@127.0.0.1:${port}/${database}`
}

export type Rows = readonly Record<string, unknown>[]

export type Query = (sql: string, values?: readonly unknown[]) => Promise<Rows>

type Opening = {
  /** Gets the id of the connection's backend before anything is asked. */
  readonly connected?: ((backendPid: number) => Promise<void>) | undefined
  /** Longest time of one statement; absent: none. */
  readonly statementTimeoutMs?: number
  /** Refuses a text of more than one statement: the SQL is not ours. */
  readonly singly?: boolean
}

/** Opens a connection that is kept until it is closed. */
export async function openConnection(
  url: string,
  { connected, statementTimeoutMs, singly = false }: Opening = {},
): Promise<{ readonly query: Query; readonly close: () => Promise<void> }> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'doorbuster',
    ...(statementTimeoutMs !== undefined && { statement_timeout: statementTimeoutMs }),
  })
  // A server that goes away rejects the running query; without a listener it would end this process as well.
  client.on('error', () => {})
  const close = (): Promise<void> => client.end().catch(() => {})
  try {
    await client.connect()
    const { processID } = client as unknown as { readonly processID: number | null }
    if (processID !== null) await connected?.(processID)
  } catch (error) {
    await close()
    throw error
  }
  return {
    query: async (sql, values) =>
      (await (singly ? client.query(oneStatement(sql, values)) : client.query(sql, values && [...values])))
        .rows,
    close,
  }
}

/** Opens a connection for `work` and closes it; `connected` gets the id of its backend first. */
export async function withClient<Result>(
  url: string,
  work: (query: Query) => Promise<Result>,
  connected?: (backendPid: number) => Promise<void>,
): Promise<Result> {
  const { query, close } = await openConnection(url, { connected })
  try {
    return await work(query)
  } finally {
    await close()
  }
}
