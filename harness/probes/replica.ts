import type { Endpoints, Probe, Reading } from '../ports.ts'
import { type ProbeConnection, probeConnection } from './database/connection.ts'
import { ReplayLag } from './database/replay-lag.ts'

/** Where the log of the primary is, and who is sent it. */
const PRIMARY_SQL = `select /* doorbuster-probe replication */
       pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0'), application_name
  from (select) one left join pg_stat_replication on state = 'streaming'`

const REPLICA_SQL = `select /* doorbuster-probe replica */
       pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'),
       count(*) filter (where state in ('active', 'fastpath function call')), count(*)
  from pg_stat_activity where backend_type = 'client backend' and application_name not in ('doorbuster-probe', 'doorbuster')`

/** The primary is looked at this often: the lag is told too short by as much at most. */
const INTERVAL_MS = 200
/** A reading every second: five samples, the beat's jitter allowed for. */
const READING_US = 1_000_000 - (INTERVAL_MS * 1000) / 2

type Endpoint = ReturnType<Endpoints['replicas']>[number]
type Watched = { readonly url: string; readonly connection: ProbeConnection; readonly lag: ReplayLag }

/**
 * Read replicas: how far each is behind its primary, and how many sessions it has. The lag is told from places in the log,
 * not from the clock of the last replayed transaction (which grows while nobody writes) and not from the primary's
 * replay_lag (which knows of commits only while answers come).
 */
export const replicaProbe: Probe = {
  name: 'replica',
  intervalMs: INTERVAL_MS,
  async open(endpoints, clock) {
    const primary = probeConnection(endpoints, 'maintenance')
    const watched = new Map<string, Watched>()
    let readingAtUs = clock.nowUs()

    /** Replicas come and go with fixes. */
    function watch(replica: Endpoint): Watched {
      const { component, ...address } = replica
      const { connectionString } = address
      const known = watched.get(component)
      if (known?.url === connectionString) return known
      void known?.connection.close()
      const here = { ...endpoints, database: () => address }
      const fresh = {
        url: connectionString,
        connection: probeConnection(here, 'maintenance'),
        lag: new ReplayLag(),
      }
      watched.set(component, fresh)
      return fresh
    }

    async function read(
      { component, isGuest }: Endpoint,
      { connection, lag }: Watched,
      streaming: readonly (string | null)[],
    ): Promise<Reading | null> {
      const row = (await connection.rows(REPLICA_SQL))?.[0]
      if (!row || row[0] === null) return null
      const [replayed, sessionsActive, connections] = row.map(Number) as [number, number, number]
      const atUs = clock.nowUs()
      const values = {
        // What a replica that is not ours calls itself to its primary is not known.
        ...(!isGuest && { streaming: Number(streaming.includes(component)) }),
        replayLagMs: lag.of(replayed, atUs) / 1000,
        bytesBehind: lag.bytesBehind(replayed),
        sessionsActive,
        connections,
      }
      return { atUs, probe: 'replica', role: 'replica', component, values }
    }

    return {
      async sample() {
        const replicas = endpoints.replicas()
        if (replicas.length === 0) return []
        const rows = await primary.rows(PRIMARY_SQL)
        const written = rows?.[0]?.[0]
        if (!rows || written == null) return []
        const atUs = clock.nowUs()
        const streaming = rows.map(([, name]) => name ?? null)
        for (const replica of replicas) watch(replica).lag.writtenAt(Number(written), atUs)
        if (atUs - readingAtUs < READING_US) return []
        readingAtUs = atUs
        const readings = await Promise.all(
          replicas.map((replica) => read(replica, watch(replica), streaming)),
        )
        return readings.filter((reading) => reading !== null)
      },
      async close() {
        const replicas = [...watched.values()].map(({ connection }) => connection.close())
        await Promise.all([primary.close(), ...replicas])
      },
    }
  },
}
