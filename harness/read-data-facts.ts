import type { DataFacts } from './core/record.ts'
import type { Running } from './ports.ts'

const MOST_TABLES = 8

/** Asks Postgres what its tables hold and weigh, whosoever they are. `null` when it does not say. */
export async function readDataFacts(query: Running['query']): Promise<DataFacts | null> {
  try {
    const [facts] = (await query(
      `with tables as (
         select c.relname as "table", case when c.reltuples >= 0 then c.reltuples::float8 end as rows,
                pg_total_relation_size(c.oid)::float8 as bytes
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       ), largest as (
         select * from tables order by bytes desc, "table" limit ${MOST_TABLES}
       )
       select (select coalesce(json_agg(largest order by bytes desc, "table"), '[]') from largest) as tables,
              (select coalesce(sum(bytes), 0)::float8 from tables) as bytes,
              pg_size_bytes(current_setting('shared_buffers'))::float8 as "cacheBytes"`,
    )) as readonly DataFacts[]
    return facts ?? null
  } catch {
    // Beside the point of the run: it goes on without knowing.
    return null
  }
}
