import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import type { RecordLine } from './core/record.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { openConnection } from './environments/postgres-connection.ts'
import type { Running } from './ports.ts'
import { noPostgres, startPostgres } from './probes/testing/postgres-server.ts'
import { conductorOn } from './testing/conductor-on.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

const INVARIANTS = [
  {
    name: 'ledger',
    sql: 'select string_agg(id, $$ $$ order by id) as ids from ledger',
    expect: 'no rows',
    sampled: null,
  },
  {
    name: 'unknown',
    sql: 'select string_agg(key, $$ $$ order by key) as keys from unknown',
    expect: 'no rows',
    sampled: null,
  },
] as const

/** A shopper of segment n who was told of order n, and one who was told nothing. */
const shoppersOf = (segment: number): readonly RecordLine[] => [
  { kind: 'order', segment, atUs: 1, id: `order-${segment}`, value: 1.5, currency: 'EUR' },
  { kind: 'unknown-order', segment, atUs: 2, key: `key-'${segment}`, route: 'POST /checkout' },
]

describe.skipIf(noPostgres !== null)('what invariants join', () => {
  it('are the orders of this arm that shoppers were told of, and the keys nobody answered', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url('postgres') })
    client.on('error', () => {})
    await client.connect()
    try {
      const run = buildRun({
        segments: [{ arm: -1 }, { arm: 0 }, { arm: -1 }].map((one) => ({
          perSec: 1,
          durationSec: 1,
          ...one,
        })),
      })
      const lines: RecordLine[] = [...recordLines(run), ...[0, 1, 2].flatMap(shoppersOf)]
      const conduct = conductorOn(
        {
          onDeath: () => {},
          enforceBudgets: async () => {},
          endpoints: { meter: async () => [] },
          query: async (sql: string, values?: readonly unknown[]) =>
            (await client.query(sql, values && [...values])).rows,
          connect: (limits: Parameters<Running['connect']>[0]) =>
            openConnection(server.url('postgres'), { ...limits, singly: true }),
        } as unknown as Running,
        lines,
      )
      const details = () => lines.flatMap((line) => (line.kind === 'invariant' ? [line.detail] : []))
      await conduct.checkInvariants(INVARIANTS)
      expect(details()).toEqual([
        '1 rows, the first: {"ids":"order-0 order-2"}',
        `1 rows, the first: {"keys":"key-'0 key-'2"}`,
      ])
      // One that is no question is the scenario's mistake, and changes nothing.
      const deletes = {
        name: 'clean up',
        sql: 'delete from ledger',
        expect: 'no rows',
        sampled: null,
      } as const
      await expect(conduct.checkInvariants([deletes])).rejects.toMatchObject({
        code: 'invalid-scenario',
        message: 'the invariant "clean up" cannot be asked: cannot execute DELETE in a read-only transaction',
      })
      // What an arm leaves in the tables is gone when the next is checked.
      lines.splice(0, lines.length, ...recordLines(run))
      await conduct.checkInvariants(INVARIANTS)
      expect(details()).toEqual(['1 rows, the first: {"ids":null}', '1 rows, the first: {"keys":null}'])
    } finally {
      await client.end()
      await server.stop()
    }
  })
})
