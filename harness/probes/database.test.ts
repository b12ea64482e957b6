import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OpenProbe, Reading } from '../ports.ts'
import { databaseProbe } from './database.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'
import { noPostgres, type PostgresServer, startPostgres } from './testing/postgres-server.ts'
import { postgresVersions, titleOf } from './testing/postgres-versions.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

for (const version of postgresVersions())
  describe.skipIf(version.missing !== null)(titleOf('the database probe', version), () => {
    let postgres: PostgresServer
    let probe: OpenProbe
    let clock: ReturnType<typeof setClock>
    const exempted: number[] = []
    const clients: Client[] = []

    beforeAll(async () => {
      postgres = await startPostgres(version.native)
    })
    afterAll(async () => {
      const complaints = await postgres?.complaints()
      await postgres?.stop()
      expect(complaints).toEqual([])
    })

    async function connect(database: string): Promise<Client> {
      const client = new Client({ connectionString: postgres.url(database), application_name: 'app' })
      client.on('error', () => {})
      await client.connect()
      clients.push(client)
      return client
    }

    async function createShop(): Promise<void> {
      const admin = await connect('postgres')
      await admin.query('drop database if exists shop with (force)')
      await admin.query('create database shop')
      const shop = await connect('shop')
      await shop.query('create extension pg_stat_statements')
      await shop.query('create table stock (sku int primary key, on_hand int, note text)')
      await shop.query("insert into stock select i, 10, 'x' from generate_series(1, 1000) i")
      await shop.query('analyze stock')
      await shop.end()
      // Version 14 writes counters down a while later: what was done here must not count as a test's.
      const look = await connect('shop')
      const counted = async () =>
        (await look.query('select from pg_stat_user_tables where n_tup_ins = 1000')).rowCount === 1
      while (!(await counted())) await delay(20)
      await look.end()
      await admin.query('drop database if exists shop_seeded')
      await admin.query('create database shop_seeded template shop')
      await admin.end()
    }

    /** As an environment does between arms: the copy has the same tables under the same numbers. */
    async function restoreShop(): Promise<void> {
      const admin = await connect('postgres')
      await admin.query('drop database shop with (force)')
      await admin.query('create database shop template shop_seeded')
      await admin.end()
    }

    beforeEach(async () => {
      await createShop()
      exempted.length = 0
      clock = setClock()
      const database = () => ({
        connectionString: postgres.url('shop'),
        exempt: async (pid: number) => void exempted.push(pid),
      })
      probe = await databaseProbe.open(fakeEndpoints({ database }), clock)
    })
    afterEach(async () => {
      await probe.close()
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})))
    })

    /** One second of the probe's clock: five samples, and the reading at the end of them. */
    async function second(): Promise<Reading> {
      for (let i = 0; i < 100; i++) {
        clock.setUs(clock.nowUs() + 200_000)
        const [reading] = await probe.sample()
        if (reading) return reading
        // While the server is away.
        if (i >= 10) await delay(50)
      }
      throw new Error('no reading in 100 samples')
    }

    /** Readings until one satisfies: backends pass their counters on only at times. */
    async function until(holds: (reading: Reading) => boolean): Promise<Reading> {
      for (;;) {
        const reading = await second()
        if (holds(reading)) return reading
        await delay(50)
      }
    }

    const sumOf = (readings: readonly Reading[], table: string) =>
      readings
        .flatMap(({ tables }) => tables ?? [])
        .filter((delta) => delta.table === table)
        .reduce(
          (sum, delta) => ({
            seqScans: sum.seqScans + delta.seqScans,
            seqRows: sum.seqRows + delta.seqRows,
            indexScans: sum.indexScans + delta.indexScans,
            indexRows: sum.indexRows + delta.indexRows,
            updated: sum.updated + delta.updated,
            hotUpdated: sum.hotUpdated + (delta.hotUpdated ?? 0),
          }),
          { seqScans: 0, seqRows: 0, indexScans: 0, indexRows: 0, updated: 0, hotUpdated: 0 },
        )

    it('reads all there is to read, while there is some work', async () => {
      const shop = await connect('shop')
      // Before version 15 a backend passes its counters on at the end of a transaction only: it goes on working.
      let working = true
      const work = (async () => {
        for (let i = 1; working; i = (i % 1000) + 1) {
          await shop.query('select note from stock where sku = $1', [i])
          await shop.query('update stock set on_hand = on_hand - 1 where sku = $1', [i])
          await delay(1)
        }
      })()
      const { values } = await until(({ values: { commitsPerSec = 0 } }) => commitsPerSec > 0)
      working = false
      await work
      expect(values).toEqual({
        sessionsActive: expect.toSatisfy((n: number) => n >= 0 && n <= 1),
        sessionsOnCpu: expect.toSatisfy((n: number) => n >= 0 && n <= 1),
        sessionsLock: 0,
        sessionsLwLock: expect.toSatisfy((n: number) => n >= 0 && n <= 1),
        sessionsIo: expect.toSatisfy((n: number) => n >= 0 && n <= 1),
        sessionsIdleInTransaction: 0,
        connections: 1,
        connectionsMax: 27,
        commitsPerSec: expect.toSatisfy((rate: number) => rate > 0),
        rollbacksPerSec: 0,
        rowsReturnedPerSec: expect.toSatisfy((rate: number) => rate > 0),
        rowsFetchedPerSec: expect.toSatisfy((rate: number) => rate > 0),
        blocksHitPerSec: expect.toSatisfy((rate: number) => rate > 0),
        blocksReadPerSec: expect.toSatisfy((rate: number) => rate >= 0),
        activeSessionsByTime: expect.toSatisfy((n: number) => n > 0),
        deadlocks: 0,
        restarts: 0,
      })
    })

    it('shows who waits for a locked row, and counts the idle holder apart', async () => {
      const [holder, waiter, idle] = [await connect('shop'), await connect('shop'), await connect('shop')]
      await holder.query('begin')
      await holder.query('update stock set on_hand = 9 where sku = 1')
      const blocked = waiter.query('update stock set on_hand = 8 where sku = 1')
      await until(({ values }) => values['sessionsLock'] === 1)
      const { values, sessions } = await second()
      expect(values).toMatchObject({
        sessionsActive: 1,
        sessionsLock: 1,
        sessionsOnCpu: 0,
        sessionsIdleInTransaction: 1,
        connections: 3,
        connectionsMax: 27,
      })
      expect(sessions).toHaveLength(2)
      expect(sessions).toContainEqual({
        state: 'active',
        waitType: 'lock',
        wait: 'transactionid',
        queryId: expect.stringMatching(/^-?\d+$/),
        n: 1,
      })
      expect(sessions).toContainEqual(
        expect.objectContaining({
          state: 'idle-in-transaction',
          waitType: 'client',
          wait: 'clientread',
          n: 1,
        }),
      )
      await holder.query('commit')
      await blocked
      await idle.query('select 1')
      const after = await second()
      expect(after.values).toMatchObject({ sessionsActive: 0, sessionsLock: 0, sessionsIdleInTransaction: 0 })
      expect(after.sessions).toEqual([])
    })

    it('averages over the samples of a second', async () => {
      await second()
      const sleeper = await connect('shop')
      const sleeping = sleeper.query('select pg_sleep(60)')
      sleeping.catch(() => {})
      // Two samples without it (none), then it runs: three of five.
      const admin = await connect('postgres')
      const runs = async () =>
        (await admin.query("select from pg_stat_activity where wait_event = 'PgSleep'")).rowCount === 1
      while (!(await runs())) await delay(5)
      const readings: Reading[] = []
      for (let i = 0; i < 5; i++) {
        if (i === 3) {
          await admin.query(
            "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'",
          )
          while (await runs()) await delay(5)
        }
        clock.setUs(clock.nowUs() + 200_000)
        readings.push(...(await probe.sample()))
      }
      expect(readings).toHaveLength(1)
      const slept = readings[0]!.sessions!.find(({ wait }) => wait === 'pgsleep')
      expect(slept).toMatchObject({ state: 'active', waitType: 'timeout', n: 0.6 })
    })

    it('counts statements exactly, leaves its own out, and gives their normalised text', async () => {
      const shop = await connect('shop')
      await second()
      for (let i = 0; i < 37; i++) await shop.query('select   note from stock\n where sku = $1', [i])
      for (let i = 0; i < 5; i++) await shop.query(`update stock set on_hand = ${i} where sku = 7`)
      const { statements } = await second()
      const read = statements!.find(({ query }) => query.includes('select'))
      expect(read).toMatchObject({ query: 'select note from stock where sku = $1', calls: 37, rows: 36 })
      expect(read!.execMs).toBeGreaterThan(0)
      expect(read!.blocksHit + read!.blocksRead).toBeGreaterThanOrEqual(36)
      expect(statements!.find(({ query }) => query.startsWith('update'))).toMatchObject({ calls: 5, rows: 5 })
      expect(statements).toHaveLength(2)
      expect((await second()).statements).toEqual([])
    })

    it('says nothing of statements over a reset, and counts on after it', async () => {
      const shop = await connect('shop')
      await shop.query('select 1 as one')
      await second()
      await shop.query('select pg_stat_statements_reset()')
      await shop.query('select 1 as one')
      expect((await second()).statements).toBeUndefined()
      await shop.query('select 1 as one')
      await shop.query('select 1 as one')
      expect((await second()).statements).toEqual([
        expect.objectContaining({ calls: 2, query: 'select $1 as one' }),
      ])
    })

    it('shows sequential and index scans by table, and the rates of the database', async () => {
      const shop = await connect('shop')
      await second()
      const readings: Reading[] = []
      for (let i = 0; i < 4; i++) await shop.query("select count(*) from stock where note = 'y'")
      for (let i = 1; i <= 6; i++) await shop.query('select note from stock where sku = $1', [i])
      await shop.query('update stock set on_hand = 1 where sku = 3')
      // The backend passes its counters on when it ends.
      await shop.end()
      const perSec = (name: string) => readings.reduce((sum, { values }) => sum + (values[name] ?? 0), 0)
      await until((reading) => {
        readings.push(reading)
        return sumOf(readings, 'stock').indexScans >= 7 && perSec('commitsPerSec') >= 11
      })
      expect(sumOf(readings, 'stock')).toEqual({
        seqScans: 4,
        seqRows: 4000,
        indexScans: 7,
        indexRows: 7,
        updated: 1,
        // Its page is full: the new version lies in another one, and the indexes must know.
        hotUpdated: 0,
      })
      expect(perSec('rowsReturnedPerSec')).toBeGreaterThanOrEqual(4000)
      expect(perSec('activeSessionsByTime')).toBeGreaterThan(0)
      expect(perSec('deadlocks')).toBe(0)
    })

    it('tells updates that leave the indexes alone from those that do not, and counts what is left', async () => {
      const shop = await connect('shop')
      await shop.query('create table looks (sku int primary key, n int, note text) with (fillfactor = 50)')
      await shop.query("insert into looks select i, 0, 'x' from generate_series(1, 1000) i")
      await shop.query('create index looks_n on looks (n)')
      await shop.query('analyze looks')
      await second()
      const readings: Reading[] = []
      for (let i = 1; i <= 4; i++) await shop.query("update looks set note = 'y' where sku = $1", [i])
      for (let i = 1; i <= 6; i++) await shop.query('update looks set n = n + 1 where sku = $1', [10 + i])
      await shop.end()
      await until((reading) => {
        readings.push(reading)
        return sumOf(readings, 'looks').updated >= 10
      })
      const updates = readings.flatMap(({ statements }) => statements ?? [])
      const walOf = (text: string) =>
        updates
          .filter(({ query }) => query.includes(text))
          .reduce((sum, { walRecords = 0 }) => sum + walRecords, 0)
      // The row and its entry in the index, each time; the row alone, or little more.
      expect(walOf('set n')).toBeGreaterThanOrEqual(12)
      expect(walOf('note')).toBeGreaterThanOrEqual(4)
      expect(walOf('note')).toBeLessThan(8)
      expect(sumOf(readings, 'looks').hotUpdated).toBe(4)
      const last = readings.flatMap(({ tables }) => tables ?? []).findLast(({ table }) => table === 'looks')
      // Versions left by updates of the row alone may be cleared by whoever reads the page.
      expect(last!.dead).toBeGreaterThanOrEqual(6)
      expect(last!.dead).toBeLessThanOrEqual(10)
      expect(last!.rows).toBe(1000)
    })

    it('follows an index that is created while it runs', async () => {
      const shop = await connect('shop')
      await second()
      await shop.query('create index stock_note on stock (note)')
      await shop.query('set enable_seqscan = off')
      for (let i = 0; i < 3; i++) await shop.query("select sku from stock where note = 'y'")
      await shop.end()
      const readings: Reading[] = []
      await until((reading) => {
        readings.push(reading)
        return sumOf(readings, 'stock').indexScans >= 3
      })
      expect(sumOf(readings, 'stock').indexScans).toBe(3)
    })

    it('survives the database being dropped and created again', async () => {
      const shop = await connect('shop')
      await shop.query('select count(*) from stock')
      const before = await until(({ tables, statements }) => tables !== undefined && statements !== undefined)
      expect(before.values['connectionsMax']).toBe(27)
      await restoreShop()
      const after = await until(({ tables, statements }) => tables !== undefined && statements !== undefined)
      for (const value of Object.values(after.values)) expect(value).toBeGreaterThanOrEqual(0)
      const again = await connect('shop')
      for (let i = 0; i < 3; i++) await again.query('select count(*) from stock')
      await again.end()
      const readings: Reading[] = []
      await until((reading) => {
        readings.push(reading)
        return sumOf(readings, 'stock').seqScans >= 3
      })
      expect(sumOf(readings, 'stock').seqScans).toBe(3)
      expect(readings.flatMap(({ statements }) => statements ?? [])).toEqual([
        expect.objectContaining({ calls: 3, query: 'select count(*) from stock' }),
      ])
    }, 60_000)

    it('tells that the server ended all its sessions and recovered', async () => {
      const shop = await connect('shop')
      await second()
      const { rows } = await shop.query('select pg_backend_pid() as pid')
      process.kill(rows[0].pid, 'SIGKILL')
      const { values } = await until((reading) => reading.values['restarts'] === 1)
      // Up to 14 nothing in it tells when recovery began.
      if (version.name === 'Postgres 14') expect(values).not.toHaveProperty('recoveryMs')
      else expect(values['recoveryMs']).toBeGreaterThan(0)
      const next = await until((reading) => 'restarts' in reading.values && 'commitsPerSec' in reading.values)
      expect(next.values['restarts']).toBe(0)
    }, 60_000)

    it('survives a restart of the server, and exempts each of its backends', async () => {
      await second()
      expect(exempted).toHaveLength(2)
      await postgres.restart()
      const first = await until(() => true)
      for (const value of Object.values(first.values)) expect(value).toBeGreaterThanOrEqual(0)
      await until(({ tables }) => tables !== undefined)
      expect(exempted).toHaveLength(4)
      const shop = await connect('shop')
      const pids = await shop.query(
        "select pid from pg_stat_activity where application_name = 'doorbuster-probe'",
      )
      expect(pids.rows.map(({ pid }) => pid).toSorted()).toEqual(exempted.slice(2).toSorted())
    }, 60_000)
  })

it('reads nothing where there is no database', async () => {
  const probe = await databaseProbe.open(fakeEndpoints({}), setClock())
  expect(await probe.sample()).toEqual([])
  await probe.close()
})
