import type { TableDelta } from '../../core/record.ts'
import type { ProbeConnection } from './connection.ts'

/** Tables and indexes come and go with fixes; the list is read again after this many readings. */
const LIST_AGAIN = 10

const LIST_SQL = `select /* doorbuster-probe tables */
       c.oid, case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end,
       coalesce(array_to_string(array(select indexrelid from pg_index where indrelid = c.oid), ','), ''),
       c.reltuples
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`

/**
 * What pg_stat_user_tables adds up, asked for by number: the view itself scans the catalogs of the app's database each
 * time, and those rows would count as rows the app had read.
 */
const COUNTS_SQL = `select /* doorbuster-probe table counts */
       o, pg_stat_get_numscans(o), pg_stat_get_tuples_returned(o), pg_stat_get_tuples_fetched(o),
       pg_stat_get_tuples_updated(o), pg_stat_get_tuples_hot_updated(o), pg_stat_get_dead_tuples(o)
  from unnest($1::oid[]) o`

type Table = {
  readonly oid: string
  readonly name: string
  readonly indexes: readonly string[]
  /** As last counted by vacuum or analyze, which autovacuum goes by as well; below 0: never. */
  readonly rows: number
}
type Counts = {
  readonly scans: number
  readonly returned: number
  readonly fetched: number
  readonly updated: number
  readonly hotUpdated: number
  /** A gauge, not a counter. */
  readonly dead: number
}

const NOTHING: Counts = { scans: 0, returned: 0, fetched: 0, updated: 0, hotUpdated: 0, dead: 0 }

export type TablesReader = {
  /** Tables whose counters moved since the last call; `null` when it cannot be said. */
  read(): Promise<readonly TableDelta[] | null>
}

export function tablesReader(connection: ProbeConnection): TablesReader {
  let tables: readonly Table[] = []
  let before: ReadonlyMap<string, Counts> | null = null
  let generation = -1
  let readings = 0

  return {
    async read() {
      if (!(await connection.ready())) return null
      if (connection.generation() !== generation) {
        generation = connection.generation()
        before = null
        readings = 0
      }
      if (readings++ % LIST_AGAIN === 0) tables = (await listTables(connection)) ?? tables
      const oids = tables.flatMap(({ oid, indexes }) => [oid, ...indexes])
      const rows = await connection.rows(COUNTS_SQL, [`{${oids.join()}}`])
      if (rows === null || connection.generation() !== generation) return null
      const now = new Map(
        rows.map(([oid, ...numbers]) => {
          const [scans = 0, returned = 0, fetched = 0, updated = 0, hotUpdated = 0, dead = 0] =
            numbers.map(Number)
          return [oid ?? '', { scans, returned, fetched, updated, hotUpdated, dead }]
        }),
      )
      const last = before
      before = now
      return last && tables.map((table) => delta(table, now, last)).filter((one) => one !== null)
    },
  }
}

async function listTables(connection: ProbeConnection): Promise<readonly Table[] | null> {
  const rows = await connection.rows(LIST_SQL)
  if (rows === null) return null
  return rows.map(([oid, name, indexes, estimate]) => ({
    oid: oid ?? '',
    name: name ?? '',
    indexes: (indexes ?? '').split(',').filter(Boolean),
    rows: Number(estimate),
  }))
}

function delta(
  { oid, name, indexes, rows }: Table,
  now: ReadonlyMap<string, Counts>,
  before: ReadonlyMap<string, Counts>,
): TableDelta | null {
  const own = since(now.get(oid), before.get(oid))
  const viaIndexes = indexes.map((index) => since(now.get(index), before.get(index)))
  const counts = {
    seqScans: own.scans,
    seqRows: own.returned,
    indexScans: viaIndexes.reduce((sum, { scans }) => sum + scans, 0),
    // Rows fetched by bitmap scans are counted at the table, those of plain index scans at the index.
    indexRows: own.fetched + viaIndexes.reduce((sum, { fetched }) => sum + fetched, 0),
    updated: own.updated,
    hotUpdated: own.hotUpdated,
  }
  if (!Object.values(counts).some((number) => number > 0)) return null
  return { table: name, ...counts, ...(rows >= 0 && { rows }), dead: own.dead }
}

/** One that was not there before began at nothing; one whose counters went back was reset, and says nothing now. */
function since(now: Counts | undefined, before: Counts = NOTHING): Counts {
  if (now === undefined || now.scans < before.scans || now.returned < before.returned) return NOTHING
  return {
    scans: now.scans - before.scans,
    returned: now.returned - before.returned,
    fetched: Math.max(0, now.fetched - before.fetched),
    updated: Math.max(0, now.updated - before.updated),
    hotUpdated: Math.max(0, now.hotUpdated - before.hotUpdated),
    dead: now.dead,
  }
}
