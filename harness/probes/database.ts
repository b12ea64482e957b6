import type { Probe, Reading } from '../ports.ts'
import { databaseName, probeConnection } from './database/connection.ts'
import { COUNTERS_SQL, type Counters, counterRates, readCounters } from './database/counters.ts'
import { type Incarnation, RESTARTS_SQL, readIncarnation, restartValues } from './database/restarts.ts'
import { SESSIONS_SQL, sessionSamples } from './database/sessions.ts'
import { statementsReader } from './database/statements.ts'
import { tablesReader } from './database/tables.ts'

const INTERVAL_MS = 200
/** A reading every second: five samples, the beat's jitter allowed for. */
const READING_US = 1_000_000 - (INTERVAL_MS * 1000) / 2

/**
 * Postgres from inside: who is active and what they wait for, sampled five times a second; once a second one reading
 * with the averages and what the counters of database, statements and tables gained. Sessions and counters are asked for
 * in database `postgres`, so the app's own database sees as little of the probe as possible and may be dropped.
 */
export const databaseProbe: Probe = {
  name: 'database',
  intervalMs: INTERVAL_MS,
  async open(endpoints, clock) {
    const server = probeConnection(endpoints, 'maintenance')
    const app = probeConnection(endpoints, 'app')
    const samples = sessionSamples()
    const statements = statementsReader([server, app])
    const tables = tablesReader(app)
    let before: Counters | null = null
    let incarnation: Incarnation | null = null
    let generation = 0
    let readingAtUs = clock.nowUs()
    // Before load comes: later there may be no free connection, and little CPU to open one.
    await Promise.all([server.ready(), app.ready()])

    async function read(database: string): Promise<readonly Reading[]> {
      const taken = samples.take()
      const rows = await server.rows(COUNTERS_SQL, [database])
      const atUs = clock.nowUs()
      const now = rows?.[0] ? readCounters(rows[0], atUs) : null
      const rates = now === null ? {} : counterRates(now, before)
      before = now
      const [born] = (await server.rows(RESTARTS_SQL)) ?? []
      const lives = born ? readIncarnation(born) : null
      const restarts = restartValues(lives, incarnation)
      incarnation = lives ?? incarnation
      const [statementDeltas, tableDeltas] = [await statements.read(database), await tables.read()]
      if (taken === null) return []
      return [
        {
          atUs,
          probe: 'database',
          role: 'database',
          component: 'database',
          values: {
            ...taken.values,
            ...(now && { connectionsMax: now.maxConnections }),
            ...rates,
            ...restarts,
          },
          ...(taken.sessions && { sessions: taken.sessions }),
          ...(statementDeltas && { statements: statementDeltas }),
          ...(tableDeltas && { tables: tableDeltas }),
        },
      ]
    }

    return {
      async sample() {
        const database = endpoints.database()
        if (database === null) return []
        const rows = await server.rows(SESSIONS_SQL)
        if (rows) samples.add(rows)
        if (server.generation() !== generation) {
          generation = server.generation()
          before = null
        }
        const nowUs = clock.nowUs()
        if (nowUs - readingAtUs < READING_US) return []
        readingAtUs = nowUs
        return read(databaseName(database.connectionString))
      },
      async close() {
        await Promise.all([server.close(), app.close()])
      },
    }
  },
}
