import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { noPostgres, startPostgres } from './probes/testing/postgres-server.ts'
import { readDataFacts } from './read-data-facts.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

describe.skipIf(noPostgres !== null)('the data of any app', () => {
  it('is its largest tables, counted and weighed, beside the cache', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url('postgres') })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query(`
        create table big (id integer primary key, words text);
        insert into big select i, repeat('x', 200) from generate_series(1, 5000) i;
        create schema other;
        create table other.small as select i from generate_series(1, 70) i;
        create table uncounted (id integer)`)
      await client.query('analyze big, other.small')
      const facts = (await readDataFacts(async (sql) => (await client.query(sql)).rows))!
      expect(facts.tables).toEqual([
        { table: 'big', rows: 5000, bytes: expect.any(Number) },
        { table: 'small', rows: 70, bytes: expect.any(Number) },
        { table: 'uncounted', rows: null, bytes: 0 },
      ])
      expect(facts.tables[0]!.bytes).toBeGreaterThan(1_000_000)
      expect(facts.bytes).toBe(facts.tables.reduce((sum, { bytes }) => sum + bytes, 0))
      const { rows } = await client.query(
        `select pg_size_bytes(current_setting('shared_buffers'))::int as bytes`,
      )
      expect(facts.cacheBytes).toBe(rows[0].bytes)
    } finally {
      await client.end()
      await server.stop()
    }
  })

  it('is not known where the question fails: that ends no run', async () => {
    const refused = () => Promise.reject(new Error('permission denied'))
    expect(await readDataFacts(refused)).toBeNull()
  })
})
