import type { StatementDelta } from '../../core/record.ts'
import type { ProbeConnection, Row } from './connection.ts'

const TOP = 12
const TEXT_LENGTH = 300
/** Behind the first word: Postgres 18 leaves out what stands before it. */
const PROBE_MARK = 'select /* doorbuster-probe'

type Counts = {
  readonly calls: number
  readonly execMs: number
  readonly rows: number
  readonly hit: number
  readonly read: number
  readonly wal: number
}

type Snapshot = {
  readonly connection: ProbeConnection
  readonly generation: number
  /** pg_stat_statements_info: when either moved, entries were thrown away and deltas are void. */
  readonly info: string
  readonly byKey: ReadonlyMap<string, { readonly queryId: string; readonly counts: Counts }>
}

export type StatementsReader = {
  /** Statements of the app's database whose counters moved since the last call; `null` when it cannot be said. */
  read(database: string): Promise<readonly StatementDelta[] | null>
}

/**
 * Deltas of pg_stat_statements, looked for in the first of these connections whose database has the extension (its
 * counters are those of the whole server wherever it is). It is never created: the server is not ours to change.
 */
export function statementsReader(connections: readonly ProbeConnection[]): StatementsReader {
  const texts = new Map<string, string>()
  let found: { connection: ProbeConnection; schema: string } | null = null
  let before: Snapshot | null = null

  async function find(): Promise<typeof found> {
    for (const connection of connections) {
      const rows = await connection.rows(EXTENSION_SQL)
      const schema = rows?.[0]?.[0]
      if (schema) return { connection, schema }
    }
    return null
  }

  return {
    async read(database) {
      found ??= await find()
      if (found === null) return null
      const { connection, schema } = found
      const rows = await connection.rows(countsSql(schema), [database])
      if (rows === null) {
        // Gone, or no longer there: look again next time.
        found = null
        return null
      }
      const now = readSnapshot(rows, connection)
      const last = before
      before = now
      if (last === null || !comparable(now, last)) return null
      const moved = movedStatements(now, last)
      const unknown = moved.filter(({ queryId }) => !texts.has(queryId)).map(({ queryId }) => queryId)
      if (unknown.length > 0) {
        const named = await connection.rows(textsSql(schema), [database, `{${unknown.join()}}`])
        for (const [queryId, text] of named ?? []) texts.set(queryId ?? '', text ?? '')
      }
      return moved
        .map((statement) => ({ ...statement, query: texts.get(statement.queryId) ?? '' }))
        .filter(({ query }) => !query.startsWith(PROBE_MARK))
        .slice(0, TOP)
    },
  }
}

const EXTENSION_SQL = `select /* doorbuster-probe extension */
       quote_ident(nspname) from pg_extension join pg_namespace n on n.oid = extnamespace
 where extname = 'pg_stat_statements'`

/** Without texts: those lie in a file that would be read as a whole each time. The info comes with every row. */
function countsSql(schema: string): string {
  return `select /* doorbuster-probe statements */
       concat_ws(' ', i.dealloc, i.stats_reset), concat_ws(' ', s.userid, s.dbid, s.toplevel, s.queryid), s.queryid,
       s.calls, s.total_exec_time, s.rows, s.shared_blks_hit, s.shared_blks_read, s.wal_records
  from ${schema}.pg_stat_statements_info i
  left join ${schema}.pg_stat_statements(false) s on s.queryid is not null and s.calls > 0
       and s.dbid = (select oid from pg_database where datname = $1)`
}

function textsSql(schema: string): string {
  return `select /* doorbuster-probe texts */
       distinct on (queryid) queryid, left(regexp_replace(query, '\\s+', ' ', 'g'), ${TEXT_LENGTH})
  from ${schema}.pg_stat_statements(true)
 where dbid = (select oid from pg_database where datname = $1) and queryid = any ($2::bigint[])`
}

function readSnapshot(rows: readonly Row[], connection: ProbeConnection): Snapshot {
  const byKey = new Map<string, { queryId: string; counts: Counts }>()
  for (const [, key, queryId, ...numbers] of rows) {
    if (!key || !queryId) continue
    const [calls = 0, execMs = 0, rowCount = 0, hit = 0, read = 0, wal = 0] = numbers.map(Number)
    byKey.set(key, { queryId, counts: { calls, execMs, rows: rowCount, hit, read, wal } })
  }
  return { connection, generation: connection.generation(), info: rows[0]?.[0] ?? '', byKey }
}

function comparable(now: Snapshot, before: Snapshot): boolean {
  return (
    now.connection === before.connection && now.generation === before.generation && now.info === before.info
  )
}

/** Per statement, heaviest first. A statement that was not there ran all its calls since; one that went back is new too. */
function movedStatements(now: Snapshot, before: Snapshot): Omit<StatementDelta, 'query'>[] {
  const byQuery = new Map<string, Omit<StatementDelta, 'query'>>()
  for (const [key, { queryId, counts }] of now.byKey) {
    const from = before.byKey.get(key)?.counts
    const calls = counts.calls - (from?.calls ?? 0)
    if (calls <= 0) continue
    const sum = byQuery.get(queryId)
    byQuery.set(queryId, {
      queryId,
      calls: calls + (sum?.calls ?? 0),
      execMs: counts.execMs - (from?.execMs ?? 0) + (sum?.execMs ?? 0),
      rows: counts.rows - (from?.rows ?? 0) + (sum?.rows ?? 0),
      blocksHit: counts.hit - (from?.hit ?? 0) + (sum?.blocksHit ?? 0),
      blocksRead: counts.read - (from?.read ?? 0) + (sum?.blocksRead ?? 0),
      walRecords: counts.wal - (from?.wal ?? 0) + (sum?.walRecords ?? 0),
    })
  }
  return [...byQuery.values()].toSorted((a, b) => b.execMs - a.execMs)
}
