import type { OrderLine, UnknownOrderLine } from './core/record.ts'
import type { Invariant } from './core/scenario.ts'
import type { DatabaseConnection, Running } from './ports.ts'

/**
 * Puts the orders that shoppers were told of into the table `ledger`, and the keys nobody answered into `unknown`; what
 * the tables held before is gone. One statement however many orders: the tables stand beside the shop's so that invariants
 * can join them. Whether such a key became an order is not asked here: an invariant says what may have become of it.
 */
export async function loadLedger(
  query: Running['query'],
  orders: readonly Pick<OrderLine, 'id' | 'value' | 'currency'>[],
  unknownOrders: readonly Pick<UnknownOrderLine, 'key'>[],
): Promise<void> {
  await query(
    'create table if not exists ledger (id text not null, value numeric not null, currency text not null)',
  )
  await query('truncate ledger')
  await query('insert into ledger select * from unnest($1::text[], $2::numeric[], $3::text[])', [
    orders.map(({ id }) => id),
    orders.map(({ value }) => value),
    orders.map(({ currency }) => currency),
  ])
  await query('create table if not exists unknown (key text not null)')
  await query('truncate unknown')
  await query('insert into unknown select * from unnest($1::text[])', [unknownOrders.map(({ key }) => key)])
}

/**
 * Whether an invariant holds now, and what its statement found. An invariant only reads: its statement runs in a read-only
 * transaction that is rolled back, whoever the data belongs to. `query` is of one connection, and takes one statement at a
 * time. Rejects with what Postgres says.
 */
export async function checkInvariant(
  query: DatabaseConnection['query'],
  { sql }: Invariant,
): Promise<{ readonly held: boolean; readonly detail: string }> {
  await query('begin read only')
  try {
    const rows = await query(sql)
    return { held: rows.length === 0, detail: rowsText(rows) }
  } finally {
    await query('rollback').catch(() => {})
  }
}

/** "no rows", or how many there were and the first of them. */
function rowsText(rows: readonly Record<string, unknown>[]): string {
  if (rows.length === 0) return 'no rows'
  return `${rows.length} rows, the first: ${JSON.stringify(rows[0]).slice(0, 300)}`
}
