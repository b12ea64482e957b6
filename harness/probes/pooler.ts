import { Client } from 'pg'
import type { Probe } from '../ports.ts'

const TIMEOUT_MS = 900
const RETRY_MS = 1000

type Totals = { readonly atUs: number; readonly queries: number; readonly waitUs: number }

/** PgBouncer's console: who waits for a server connection, and for how long. */
export const poolerProbe: Probe = {
  name: 'pooler',
  intervalMs: 1000,
  async open(endpoints, clock) {
    let client: Client | null = null
    let here = ''
    let retryAtMs = 0
    let before: Totals | null = null

    /** It comes and goes with fixes. */
    async function connected(consoleUrl: string): Promise<Client | null> {
      if (client && consoleUrl !== here) close()
      if (client || performance.now() < retryAtMs) return client
      here = consoleUrl
      const fresh = new Client({
        connectionString: consoleUrl,
        application_name: 'doorbuster',
        connectionTimeoutMillis: TIMEOUT_MS,
        query_timeout: TIMEOUT_MS,
      })
      fresh.on('error', () => {
        if (client === fresh) client = null
      })
      try {
        await fresh.connect()
        client = fresh
        before = null
      } catch {
        retryAtMs = performance.now() + RETRY_MS
        fresh.end().catch(() => {})
      }
      return client
    }

    function close(): void {
      client?.end().catch(() => {})
      client = null
    }

    return {
      async sample() {
        const pooler = endpoints.pooler()
        const open = pooler && (await connected(pooler.consoleUrl))
        if (!open) return []
        try {
          // The console speaks the simple protocol only: no parameters.
          const { rows: pools } = await open.query<Record<string, string>>('show pools')
          const { rows: stats } = await open.query<Record<string, string>>('show stats')
          const atUs = clock.nowUs()
          const own = pools.filter(({ database }) => database !== 'pgbouncer')
          const sum = (rows: readonly Record<string, string>[], name: string) =>
            rows.reduce((total, row) => total + Number(row[name] ?? 0), 0)
          const now: Totals = {
            atUs,
            queries: sum(stats, 'total_query_count'),
            waitUs: sum(stats, 'total_wait_time'),
          }
          const last = before
          before = now
          const comparable = last && now.queries >= last.queries && atUs > last.atUs ? last : null
          const queries = comparable ? now.queries - comparable.queries : 0
          const elapsedUs = comparable ? atUs - comparable.atUs : Number.POSITIVE_INFINITY
          const clientsWaiting = sum(own, 'cl_waiting')
          const longestWaitMs = Math.max(
            0,
            ...own.map((row) => Number(row['maxwait'] ?? 0) * 1000 + Number(row['maxwait_us'] ?? 0) / 1000),
          )
          // A wait counts when it is over: those that have lasted all the time are counted now.
          const stillWaiting = longestWaitMs * 1000 >= elapsedUs ? clientsWaiting : 0
          const clientsActive = sum(own, 'cl_active')
          const waitedMean = comparable ? (now.waitUs - comparable.waitUs) / elapsedUs : 0
          return [
            {
              atUs,
              probe: 'pooler',
              role: 'pooler',
              component: pooler.component,
              values: {
                clientsActive,
                clientsWaiting,
                ...(comparable && {
                  // Waits that began before count as well, but no more can have waited than there are.
                  clientsWaitingMean: Math.min(
                    clientsActive + clientsWaiting,
                    Math.max(stillWaiting, waitedMean),
                  ),
                }),
                serversActive: sum(own, 'sv_active'),
                serversIdle: sum(own, 'sv_idle'),
                longestWaitMs,
                ...(comparable && { queriesPerSec: queries / (elapsedUs / 1e6) }),
                ...(comparable &&
                  queries > 0 && { waitMsMean: (now.waitUs - comparable.waitUs) / 1000 / queries }),
              },
            },
          ]
        } catch {
          close()
          return []
        }
      },
      close: async () => {
        await client?.end().catch(() => {})
      },
    }
  },
}
