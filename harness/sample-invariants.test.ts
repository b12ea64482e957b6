import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InvariantSampleLine } from './core/record.ts'
import type { Invariant } from './core/scenario.ts'
import { openConnection } from './environments/postgres-connection.ts'
import type { Running } from './ports.ts'
import { noPostgres, type PostgresServer, startPostgres } from './probes/testing/postgres-server.ts'
import { invariantSampler } from './sample-invariants.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

const invariant = (name: string, sampled: string | null): Invariant => ({
  name,
  sql: 'select 1',
  expect: 'no rows',
  sampled,
})
const RULES = [
  invariant('never negative', 'select n from stock where n < 0'),
  invariant('slow', 'select pg_sleep(0.02) where false'),
  invariant('only afterwards', null),
]
const clock = { t0Ns: 0n, nowUs: () => Math.round(performance.now() * 1000) }

type Sample = Omit<InvariantSampleLine, 'kind'>

describe.skipIf(noPostgres !== null)('invariants asked while a surge runs', () => {
  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await startPostgres()
    client = new Client({ connectionString: server.url('postgres') })
    client.on('error', () => {})
    await client.connect()
    await client.query('create table stock (n integer)')
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  const connect: Running['connect'] = async ({ statementTimeoutMs }) => {
    const own = await openConnection(server.url('postgres'), { statementTimeoutMs, singly: true })
    await own.query("set application_name = 'sampler'")
    return own
  }
  /** Samples until there are `wanted` more; each is given to `seen` before the next is taken. */
  async function samples(
    rules: readonly Invariant[],
    wanted: number,
    seen: (told: number) => Promise<unknown> = async () => {},
  ) {
    const told: (Sample & { readonly toldMs: number })[] = []
    const tell = (sample: Sample) => told.push({ ...sample, toldMs: performance.now() })
    const sampler = invariantSampler({ invariants: rules, connect, clock, tell, everyMs: 50 })
    const stop = sampler.start(3)
    for (let n = 1; n <= wanted; n++) {
      while (told.length < n) await new Promise((resolve) => setTimeout(resolve, 5))
      await seen(n)
    }
    await stop()
    const after = told.length
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(told).toHaveLength(after)
    return told
  }

  it('tells which held and which did not, of those that hold at any moment', async () => {
    const [first, , third] = await samples(RULES.slice(0, 1).concat(RULES.slice(2)), 3, (told) =>
      client.query(told === 1 ? 'insert into stock values (-2)' : 'select'),
    )
    expect(first).toMatchObject({ arm: 3, held: ['never negative'], broken: [], missed: [] })
    expect(third).toMatchObject({
      held: [],
      broken: [{ name: 'never negative', detail: '1 rows, the first: {"n":-2}' }],
    })
    await client.query('delete from stock')
  })

  it('pauses a hundred times as long as a sample took: at most 1 % of a CPU', async () => {
    const [first, second] = await samples(RULES.slice(1, 2), 2)
    expect(second!.atUs / 1000 - first!.toldMs).toBeGreaterThanOrEqual((99 * first!.tookUs) / 1000)
  }, 60_000)

  it('calls what takes too long, or lost its connection, missed, and asks again on a new one', async () => {
    const slow = invariant('too slow', 'select pg_sleep(5)')
    const [given] = await samples([slow, RULES[0]!], 1)
    expect(given).toMatchObject({ missed: ['too slow'], held: ['never negative'], broken: [] })
    expect(given!.tookUs).toBeLessThan(4e6)

    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sampler'`
    const told = await samples([RULES[0]!], 3, (n) => client.query(n === 1 ? cut : 'select'))
    expect(told.map(({ missed }) => missed.length)).toEqual([0, 1, 0])
  }, 60_000)

  it('can change nothing, not even behind a semicolon', async () => {
    await client.query('insert into stock values (7)')
    const told = await samples(
      [
        invariant('deletes', 'delete from stock returning n'),
        invariant('steps out', 'commit; delete from stock'),
        invariant('turns writable', "select set_config('transaction_read_only', 'off', false)"),
      ],
      1,
    )
    expect(told[0]?.missed).toEqual(['deletes', 'steps out', 'turns writable'])
    expect((await client.query('select n from stock')).rows).toEqual([{ n: 7 }])
    await client.query('delete from stock')
  })

  it('leaves no connection behind', async () => {
    await samples([RULES[0]!], 1)
    const { rows } = await client.query(
      `select count(*)::int as n from pg_stat_activity where application_name = 'sampler'`,
    )
    expect(rows).toEqual([{ n: 0 }])
  })
})
