import type { SessionGroup } from '../../core/record.ts'
import type { Row } from './connection.ts'

/**
 * All client backends but the probe's own, grouped. Event names changed case between versions (16 WALSync, 17 WalSync):
 * compared lower-cased. `active` without a wait event is on CPU or waiting for a core; `idle in transaction` shows the
 * wait Client:ClientRead and is counted apart. Of a session that our role may not look into Postgres tells its database and
 * user, and nothing of what it does: those are `hidden`. (A replica's has no database, a worker of the server's no user.)
 */
export const SESSIONS_SQL = `select /* doorbuster-probe sessions */
       kind, wait_type, wait, query, count(*)
  from (select kind, case when kind is not null then lower(wait_event_type) end as wait_type,
               case when kind is not null then lower(wait_event) end as wait,
               case when kind is not null then query_id end as query
          from pg_stat_activity,
               lateral (select case when backend_type is null then 'hidden'
                                    when state in ('active', 'fastpath function call') then 'active'
                                    when state like 'idle in transaction%' then 'idle-in-transaction' end as kind) k
         where (backend_type = 'client backend' or (backend_type is null and datid is not null and usesysid is not null))
           and application_name not in ('doorbuster-probe', 'doorbuster')) sessions
 group by kind, wait_type, wait, query`

/** Samples of the sessions since the last reading. */
export type SessionSamples = {
  add(rows: readonly Row[]): void
  /**
   * Averages over the samples, and the groups with their mean size; nothing in them once a session was hidden: what the
   * others do is then half the truth. `null` without a sample. Starts afresh.
   */
  take(): { readonly values: Record<string, number>; readonly sessions?: readonly SessionGroup[] } | null
}

type Sum = { readonly group: Omit<SessionGroup, 'n'>; n: number }

export function sessionSamples(): SessionSamples {
  let samples = 0
  let connections = 0
  let someHidden = false
  let sums = new Map<string, Sum>()
  return {
    add(rows) {
      samples++
      connections = 0
      for (const [kind, waitType, wait, queryId, count] of rows) {
        const n = Number(count)
        connections += n
        if (kind === 'hidden') someHidden = true
        if (kind !== 'active' && kind !== 'idle-in-transaction') continue
        const key = `${kind} ${waitType} ${wait} ${queryId}`
        const sum = sums.get(key)
        if (sum) sum.n += n
        else {
          const group: Sum['group'] = {
            state: kind,
            waitType: waitType ?? null,
            wait: wait ?? null,
            queryId: queryId ?? null,
          }
          sums.set(key, { group, n })
        }
      }
    },
    take() {
      if (samples === 0) return null
      const sessions = [...sums.values()]
        .map(({ group, n }): SessionGroup => ({ ...group, n: n / samples }))
        .toSorted((a, b) => b.n - a.n)
      samples = 0
      sums = new Map()
      if (someHidden) return { values: {} }
      return { sessions, values: { ...countByKind(sessions), connections } }
    },
  }
}

function countByKind(sessions: readonly SessionGroup[]): Record<string, number> {
  const count = (which: (group: SessionGroup) => boolean) =>
    sessions.filter(which).reduce((sum, { n }) => sum + n, 0)
  const active = (waitType: string | null) =>
    count((group) => group.state === 'active' && group.waitType === waitType)
  return {
    sessionsActive: count(({ state }) => state === 'active'),
    sessionsOnCpu: active(null),
    sessionsLock: active('lock'),
    sessionsLwLock: active('lwlock'),
    sessionsIo: active('io'),
    sessionsIdleInTransaction: count(({ state }) => state === 'idle-in-transaction'),
  }
}
