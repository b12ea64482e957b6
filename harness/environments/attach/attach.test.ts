import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttachSpec } from '../../core/attached.ts'
import type { RecordLine } from '../../core/record.ts'
import type { Running } from '../../ports.ts'
import { databaseProbe } from '../../probes/database.ts'
import { setClock } from '../../probes/testing/fake-endpoints.ts'
import { noPostgres, type PostgresServer, startPostgres } from '../../probes/testing/postgres-server.ts'
import { postgresVersions, titleOf } from '../../probes/testing/postgres-versions.ts'
import { conductorOn } from '../../testing/conductor-on.ts'
import { attachEnvironment } from './index.ts'
import { NOTHING_NAMED } from './testing/nothing-named.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

const PASSWORD = 'geheim-4711'

for (const version of postgresVersions())
  describe.skipIf(version.missing !== null)(titleOf('a system that is up already', version), () => {
    let postgres: PostgresServer
    let site: Server
    let target: string
    beforeAll(async () => {
      postgres = await startPostgres(version.native)
      await asOwner('postgres', `create role watcher login password '${PASSWORD}' in role pg_monitor`)
      await asOwner('postgres', `create role stranger login password '${PASSWORD}'`)
      await asOwner('postgres', 'create database shop')
      await asOwner('shop', 'create extension pg_stat_statements')
      await asOwner('shop', 'create table ledger (id int); insert into ledger values (1)')
      site = createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1')
      await new Promise((resolve) => site.once('listening', resolve))
      target = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    })
    afterAll(async () => {
      site?.close()
      await postgres?.stop()
    })

    async function asOwner(database: string, sql: string): Promise<Record<string, unknown>[]> {
      const client = new Client({ connectionString: postgres.url(database) })
      await client.connect()
      try {
        const { rows } = await client.query(sql)
        return rows as Record<string, unknown>[]
      } finally {
        await client.end()
      }
    }

    const dsn = (role: string) =>
      postgres.url('shop').replace('postgres@', `${role}:${encodeURIComponent(PASSWORD)}@`)

    const specOf = (over: Partial<AttachSpec> = {}): AttachSpec => ({
      ...NOTHING_NAMED,
      target,
      postgres: { name: 'SHOP', url: dsn('watcher') },
      postgresCores: 8,
      ...over,
    })

    async function attached<T>(spec: AttachSpec, act: (running: Running) => Promise<T>): Promise<T> {
      const environment = attachEnvironment({ spec, onThisMachine: true, warn: () => {} })
      const up = { clock: setClock() } as unknown as Parameters<typeof environment.up>[0]
      const running = await environment.up(up, () => {}, new AbortController().signal)
      try {
        return await act(running)
      } finally {
        await running.down()
      }
    }

    it('is read as a guest: by name, read-only, and never for long', async () => {
      await attached(specOf(), async ({ query, topology, attached: facts }) => {
        expect(topology).toBeNull()
        const [row] = await query(
          "select current_setting('application_name') as name, current_setting('statement_timeout') as ms, current_setting('default_transaction_read_only') as only",
        )
        expect(row).toEqual({ name: 'doorbuster', ms: '200ms', only: 'on' })
        await expect(query('create table mine (id int)')).rejects.toThrow(/read-only|permission denied/)
        await expect(query('select pg_sleep(1)')).rejects.toThrow(/statement timeout/)
        expect(facts?.missing.map(({ what }) => what)).toEqual([
          expect.stringContaining('metrics'),
          expect.stringContaining('levers'),
        ])
      })
    })

    it("shows a role in pg_monitor the app's sessions, statements, tables and counters", async () => {
      await attached(specOf(), async ({ endpoints, attached: facts }) => {
        expect(facts?.missing.map(({ what }) => what).join()).not.toMatch(/Postgres|pg_/)
        // What the tests before this one asked for is theirs.
        await postgres.complaints()
        const clock = setClock()
        const probe = await databaseProbe.open(endpoints, clock)
        const app = new Client({ connectionString: postgres.url('shop'), application_name: 'app' })
        await app.connect()
        try {
          const seen: Record<string, number> = {}
          const statements = new Set<string>()
          const tables = new Set<string>()
          const all = () => statements.size > 0 && tables.size > 0 && (seen['commitsPerSec'] ?? 0) > 0
          while (!all()) {
            const busy = app.query('select *, pg_sleep(0.05) as "the app at work" from ledger')
            clock.setUs(clock.nowUs() + 200_000)
            const [reading] = await probe.sample()
            await busy
            for (const [name, value] of Object.entries(reading?.values ?? {}))
              seen[name] = Math.max(seen[name] ?? 0, value)
            for (const { query } of reading?.statements ?? []) statements.add(query)
            for (const { table } of reading?.tables ?? []) tables.add(table)
          }
          // What the probe asks is not the app's.
          expect([...statements]).toEqual(['select *, pg_sleep($1) as "the app at work" from ledger'])
          expect([...tables]).toEqual(['ledger'])
          expect(seen['sessionsActive']).toBeGreaterThan(0)
          expect(seen).toMatchObject({ connections: 1, connectionsMax: 27, restarts: 0 })
          expect(seen['activeSessionsByTime']).toBeGreaterThan(0)
          expect(await postgres.complaints()).toEqual([])
        } finally {
          await app.end()
          await probe.close()
        }
      })
    })

    it('reads nothing of sessions where some are hidden from it, and the rest all the same', async () => {
      const open = async (connectionString: string) => {
        const app = new Client({ connectionString, application_name: 'app' })
        await app.connect()
        return app
      }
      const readings = async (role: string, app: Client) => {
        const spec = specOf({ postgres: { name: 'SHOP', url: dsn(role) } })
        return attached(spec, async ({ endpoints }) => {
          const clock = setClock()
          const probe = await databaseProbe.open(endpoints, clock)
          try {
            await probe.sample()
            await app.query('select 1')
            clock.setUs(clock.nowUs() + 2_000_000)
            return await probe.sample()
          } finally {
            await probe.close()
          }
        })
      }
      const other = await open(postgres.url('shop'))
      try {
        const [seen] = await readings('watcher', other)
        expect(seen?.values).toMatchObject({ sessionsLock: 0, connections: 1 })
        const [blind] = await readings('stranger', other)
        expect(blind).not.toHaveProperty('sessions')
        expect(Object.keys(blind?.values ?? {}).join()).not.toMatch(/sessionsLock|sessionsOnCpu|connections,/)
        expect(blind?.values).toHaveProperty('connectionsMax')
      } finally {
        await other.end()
      }
      // The app's own role may look into all that the app does.
      const own = await open(dsn('stranger'))
      try {
        const [all] = await readings('stranger', own)
        expect(all?.values).toMatchObject({ sessionsLock: 0, connections: 1 })
      } finally {
        await own.end()
      }
    })

    it('says what a role without pg_monitor, and a database without the extension, cannot tell', async () => {
      const postgres_ = { name: 'SHOP', url: dsn('stranger').replace('/shop', '/postgres') }
      await attached(specOf({ postgres: postgres_ }), async ({ attached: facts }) => {
        const missing = facts?.missing.map(({ what }) => what).join('; ')
        expect(missing).toContain('pg_monitor')
        expect(missing).toContain('pg_stat_statements')
      })
    })

    it('tells once that the database given as a pooler is none, and goes on', async () => {
      const pgbouncer = { name: 'BOUNCER', url: dsn('watcher') }
      await attached(specOf({ pgbouncer }), async ({ attached: facts }) => {
        expect(facts?.missing).toContainEqual({
          what: expect.stringMatching(/^pgbouncer env:BOUNCER: what answers is not PgBouncer's console/),
          cost: 'who waits there for a connection cannot be seen',
        })
      })
    })

    it('keeps the password out of what it says when it is not let in', async () => {
      const wrong = dsn('watcher').replace('/shop', '/nowhere')
      const failure = attached(specOf({ postgres: { name: 'SHOP', url: wrong } }), async () => {})
      await expect(failure).rejects.toMatchObject({ code: 'environment', where: 'postgres env:SHOP' })
      await failure.catch((error: Error) => expect(error.message).not.toContain(PASSWORD))
    })

    it('refuses a replica that is none, or does not answer, without its password', async () => {
      const replica = (url: string) =>
        attached(specOf({ replicas: [{ name: 'STANDBY', url }] }), async () => {})
      await expect(replica(dsn('watcher'))).rejects.toMatchObject({
        code: 'environment',
        message: expect.stringContaining('it is a primary'),
        where: 'replica env:STANDBY',
      })
      const failure = replica(dsn('watcher').replace('/shop', '/nowhere'))
      await expect(failure).rejects.toMatchObject({ code: 'environment', where: 'replica env:STANDBY' })
      await failure.catch((error: Error) => expect(error.message).not.toContain(PASSWORD))
    })

    it('keeps the books in a schema of its own where it may, and takes that away again', async () => {
      const owner = { name: 'SHOP', url: postgres.url('shop') }
      await attached(specOf({ postgres: owner, allowDdl: true }), async ({ query }) => {
        await query('create table if not exists ledger (id text)')
        await query('truncate ledger')
        expect(await query('select * from ledger')).toEqual([])
      })
      expect(await asOwner('shop', 'select * from ledger')).toEqual([{ id: 1 }])
      expect(
        await asOwner('shop', "select nspname from pg_namespace where nspname like 'doorbuster%'"),
      ).toEqual([])
    })

    it('takes away what a run left that was killed, and leaves alone what another one uses, or somebody made', async () => {
      const owner = { name: 'SHOP', url: postgres.url('shop') }
      const spec = specOf({ postgres: owner, allowDdl: true })
      const schemas = async () =>
        (
          await asOwner(
            'shop',
            "select nspname from pg_namespace where nspname like 'doorbuster%' order by nspname",
          )
        ).map(({ nspname }) => nspname)
      const mark = "comment on schema doorbuster_0000000a is 'made by Doorbuster for one run'"
      await asOwner('shop', `create schema doorbuster_0000000a; ${mark}`)
      await asOwner('shop', 'create table doorbuster_0000000a.ledger (id text)')
      await asOwner('shop', 'create schema doorbuster_0000000b')
      await attached(spec, async () => {
        const first = await schemas()
        expect(first).toHaveLength(2)
        expect(first).toContain('doorbuster_0000000b')
        await attached(spec, async () => {
          expect(await schemas()).toEqual(expect.arrayContaining(first))
        })
        expect(await schemas()).toEqual(first)
      })
      expect(await schemas()).toEqual(['doorbuster_0000000b'])
      await asOwner('shop', 'drop schema doorbuster_0000000b')
    })

    it('lets no invariant change a row or take long, whoever may make tables', async () => {
      const owner = { name: 'SHOP', url: postgres.url('shop') }
      await attached(specOf({ postgres: owner, allowDdl: true }), async (running) => {
        const lines: RecordLine[] = []
        const conduct = conductorOn({ ...running, isQuiet: async () => true }, lines)
        await conduct.checkInvariants(
          [
            'delete from public.ledger returning id',
            'commit; delete from public.ledger',
            'delete from ledger',
            "select 1 where current_setting('statement_timeout') <> '10s'",
            'select * from ledger',
          ].map((sql) => ({ name: sql, sql, expect: 'no rows', sampled: null })),
        )
        const said = lines.map((line) => ('detail' in line ? line.detail : line.kind))
        expect(said).toEqual([
          expect.stringMatching(/was not checked: cannot execute DELETE in a read-only transaction/),
          expect.stringMatching(/was not checked: cannot insert multiple commands/),
          expect.stringMatching(/was not checked: cannot execute DELETE in a read-only transaction/),
          'no rows',
          // The ledger of our own, which is empty, and not theirs.
          'no rows',
        ])
      })
      expect(await asOwner('shop', 'select * from ledger')).toEqual([{ id: 1 }])
    })

    it('is not there when nobody answers', async () => {
      await expect(
        attached(specOf({ target: 'http://127.0.0.1:9', postgres: null }), async () => {}),
      ).rejects.toMatchObject({ code: 'environment', where: 'http://127.0.0.1:9' })
    })
  })
