import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { ActOf } from '../../../core/faults/fault.ts'
import { SHOP_ROLE, withClient } from '../../postgres-connection.ts'
import { doneUntil, type Inject, notDone } from './injecting.ts'

/** Opened so many at a time: each costs the server a new process. */
const AT_ONCE = 4
const CLOSE_WITHIN_MS = 500

/** Connections that roles without a privilege may still open, whoever has the others. */
const FREE_SQL = `
  select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - count(*)::int as free
    from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`

/**
 * Idle connections of the app's own role, held by this process: they are gone as soon as it is. The app may have opened
 * some meanwhile, so that the last are refused; then none is left.
 */
export const fillConnections: Inject<ActOf<'fill-connections'>> = async (
  { target, leaving: left },
  { serverOf },
) => {
  const server = serverOf(target)
  if (!server) return notDone(`no ${target} runs here`)
  const { connectionString, exempt } = server
  const rows = await withClient(connectionString, (query) => query(FREE_SQL), exempt)
  const free = Number(rows[0]?.['free'])
  const asApp = new URL(connectionString)
  asApp.username = SHOP_ROLE
  const held: Client[] = []
  let wanted = free - left
  const fill = async (): Promise<void> => {
    while (wanted-- > 0) {
      const client = await openIdle(asApp.href)
      if (client) held.push(client)
      else wanted = 0
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fill))
  return doneUntil(async () => {
    // A server that stands still does not answer a good-bye.
    await Promise.race([
      Promise.all(held.map((client) => client.end().catch(() => {}))),
      sleep(CLOSE_WITHIN_MS, null, { ref: false }),
    ])
  })
}

/** `null`: the server has no connection to give, or is not there. */
async function openIdle(url: string): Promise<Client | null> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'doorbuster fault',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch {
    await client.end().catch(() => {})
    return null
  }
}
