import { Client } from 'pg'

export const SHOP_DATABASE = 'shop'
export const SEEDED_DATABASE = 'shop_seeded'
/** Owner of the shop's data: an ordinary role, so that connections kept for superusers stay free of the app. */
export const SHOP_ROLE = 'shop'
export const SUPERUSER = 'postgres'

/** URL of a database of the embedded server. */
export function databaseUrl(port: number, user: string, database: string): string {
  return `postgresql://${user}@127.0.0.1:${port}/${database}`
}

export type Rows = readonly Record<string, unknown>[]

/** Opens a connection for `work` and closes it; `connected` gets the id of its backend first. */
export async function withClient<Result>(
  url: string,
  work: (query: (sql: string, values?: readonly unknown[]) => Promise<Rows>) => Promise<Result>,
  connected?: (backendPid: number) => Promise<void>,
): Promise<Result> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'doorbuster',
  })
  // A server that goes away rejects the running query; without a listener it would end this process as well.
  client.on('error', () => {})
  try {
    await client.connect()
    const { processID } = client as unknown as { readonly processID: number | null }
    if (processID !== null) await connected?.(processID)
    return await work(async (sql, values) => (await client.query(sql, values && [...values])).rows)
  } finally {
    await client.end().catch(() => {})
  }
}
