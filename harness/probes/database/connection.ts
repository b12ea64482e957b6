import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { Endpoints } from '../../ports.ts'

const APPLICATION_NAME = 'doorbuster-probe'
const CONNECT_TIMEOUT_MS = 2000
const QUERY_TIMEOUT_MS = 5000
/** A server that is down is not knocked at more often than this. */
const RETRY_MS = 1000
const CLOSE_MS = 500

export type Row = readonly (string | null)[]

/** A connection of the probe's own, which comes back by itself when the server or its database was away. */
export type ProbeConnection = {
  /** Connects now if that is possible. */
  ready(): Promise<boolean>
  /** Rows of a query as texts, or `null` when there is no connection. Autocommit: in a transaction statistics freeze. */
  rows(text: string, values?: readonly unknown[]): Promise<readonly Row[] | null>
  /** Counts connections: after a new one, every counter needs a new baseline. */
  generation(): number
  close(): Promise<void>
}

/** Which database of the server: the one of the connection string, or `postgres`, which no restore ever drops. */
type Which = 'app' | 'maintenance'

/** Opens nothing yet; the address is read afresh at each use, since a restart may move it. */
export function probeConnection(endpoints: Endpoints, which: Which): ProbeConnection {
  let client: Client | null = null
  let connectedTo: string | null = null
  let generation = 0
  let retryAtMs = 0

  function drop(): void {
    const old = client
    client = null
    old?.end().catch(() => {})
  }

  async function ready(): Promise<boolean> {
    const database = endpoints.database()
    if (client && connectedTo !== database?.connectionString) drop()
    if (client) return true
    if (!database || performance.now() < retryAtMs) return false
    const fresh = new Client({
      // What stands in it outweighs what stands here: a guest's has a name and limits of its own.
      connectionString: database.isGuest
        ? database.connectionString
        : addressOf(database.connectionString, which),
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      // Texts as they come: numbers are converted where they are used, and most are never looked at.
      types: { getTypeParser: () => (text: string) => text },
    })
    fresh.on('error', () => {
      if (client === fresh) client = null
    })
    try {
      await fresh.connect()
      const { rows } = await fresh.query<{ pid: string }>('select pg_backend_pid() as pid')
      // What the probe asks must not show up as the app's statements. Only a superuser may set this.
      if (!database.isGuest) await fresh.query("set pg_stat_statements.track = 'none'").catch(() => {})
      await database.exempt(Number(rows[0]!.pid)).catch(() => {})
      client = fresh
      connectedTo = database.connectionString
      generation++
      return true
    } catch {
      retryAtMs = performance.now() + RETRY_MS
      fresh.end().catch(() => {})
      return false
    }
  }

  return {
    ready,
    async rows(text, values = []) {
      if (!(await ready())) return null
      const used = client
      try {
        // Named by its first line, so that the server parses it once a connection.
        const { rows } = await used!.query<string[]>({
          name: text.split('\n', 1)[0]!,
          text,
          values: [...values],
          rowMode: 'array',
        })
        return rows as readonly Row[]
      } catch (error) {
        // An answer of the server leaves the connection sound, unless it ends it (57P01 and its kin).
        if (!isAnswer(error) && client === used) drop()
        return null
      }
    },
    generation: () => generation,
    async close() {
      const old = client
      client = null
      if (old) await Promise.race([old.end().catch(() => {}), delay(CLOSE_MS)])
    },
  }
}

/** The connection string with its database replaced by `postgres` for the maintenance connection. */
function addressOf(connectionString: string, which: Which): string {
  if (which === 'app') return connectionString
  const url = new URL(connectionString)
  url.pathname = '/postgres'
  return url.href
}

/** The name of the app's database. */
export function databaseName(connectionString: string): string {
  const url = new URL(connectionString)
  return decodeURIComponent(url.pathname.slice(1)) || url.username || 'postgres'
}

function isAnswer(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return (
    typeof code === 'string' &&
    /^[0-9A-Z]{5}$/.test(code) &&
    !code.startsWith('57P') &&
    !code.startsWith('08')
  )
}
