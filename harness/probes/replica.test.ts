import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenProbe, Reading } from '../ports.ts'
import { replicaProbe } from './replica.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'
import { noPostgres, type PostgresServer, startPostgres } from './testing/postgres-server.ts'
import { postgresVersions, titleOf } from './testing/postgres-versions.ts'

if (noPostgres !== null && process.env['REQUIRE_ALL'] === '1') throw new Error(noPostgres)

for (const version of postgresVersions())
  describe.skipIf(version.missing !== null)(titleOf('the replica probe', version), () => {
    let primary: PostgresServer
    let standby: PostgresServer
    let app: Client
    beforeAll(async () => {
      primary = await startPostgres(version.native)
      standby = await primary.standby()
      app = await connect(primary.url('postgres'), 'app')
      await app.query('create role watcher login in role pg_monitor')
      await app.query('create table orders (id int)')
    })
    afterAll(async () => {
      await app?.end()
      await standby?.stop()
      await primary?.stop()
    })

    async function connect(url: string, name: string): Promise<Client> {
      const client = new Client({ connectionString: url, application_name: name })
      client.on('error', () => {})
      await client.connect()
      return client
    }

    /** Gives what reads once a second, as the owner or as a guest. */
    async function reading<T>(
      isGuest: boolean,
      act: (next: () => Promise<Reading>) => Promise<T>,
    ): Promise<T> {
      const clock = setClock()
      const address = (server: PostgresServer) => ({
        connectionString: isGuest
          ? `${server.url('postgres').replace('postgres@', 'watcher@')}?application_name=doorbuster`
          : server.url('postgres'),
        exempt: async () => {},
        isGuest,
      })
      const endpoints = fakeEndpoints({
        database: () => address(primary),
        replicas: () => [{ component: 'replica-1', ...address(standby) }],
      })
      const probe: OpenProbe = await replicaProbe.open(endpoints, clock)
      const next = async (): Promise<Reading> => {
        for (;;) {
          clock.setUs(clock.nowUs() + 200_000)
          const [one] = await probe.sample()
          if (one) return one
          await delay(10)
        }
      }
      try {
        return await act(next)
      } finally {
        await probe.close()
      }
    }

    it('tells how far behind it is, and its sessions', async () => {
      const shopper = await connect(standby.url('postgres'), 'app')
      try {
        await reading(false, async (next) => {
          let now = await next()
          while (now.values['streaming'] !== 1 || now.values['bytesBehind'] !== 0) now = await next()
          expect(now).toMatchObject({ probe: 'replica', role: 'replica', component: 'replica-1' })
          expect(now.values).toEqual({
            streaming: 1,
            replayLagMs: 0,
            bytesBehind: 0,
            sessionsActive: 0,
            connections: 1,
          })
          const replay = await connect(standby.url('postgres'), 'tester')
          await replay.query('select pg_wal_replay_pause()')
          await app.query('insert into orders select generate_series(1, 1000)')
          const busy = shopper.query('select pg_sleep(60)')
          busy.catch(() => {})
          while (now.values['bytesBehind'] === 0 || now.values['sessionsActive'] === 0) now = await next()
          const later = await next()
          expect(later.values['bytesBehind']).toBeGreaterThan(1000 * 4)
          expect(later.values['replayLagMs']).toBeGreaterThanOrEqual(1000)
          expect(later.values).toMatchObject({ sessionsActive: 1, connections: 2 })
          await replay.query('select pg_wal_replay_resume()')
          while (now.values['bytesBehind'] !== 0) now = await next()
          expect(now.values['replayLagMs']).toBe(0)
          await replay.query(
            "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'app'",
          )
          await busy.catch(() => {})
          await replay.end()
        })
      } finally {
        await shopper.end()
      }
      expect([...(await primary.complaints()), ...(await standby.complaints())]).toEqual([])
    })

    it('tells a guest the same, but who is sent the log', async () => {
      await reading(true, async (next) => {
        let now = await next()
        while (now.values['bytesBehind'] !== 0) now = await next()
        expect(now.values).toEqual({ replayLagMs: 0, bytesBehind: 0, sessionsActive: 0, connections: 0 })
      })
      expect([...(await primary.complaints()), ...(await standby.complaints())]).toEqual([])
    })

    it('would be heard if a server found fault with it', async () => {
      const broken = await connect(standby.url('postgres'), 'doorbuster-probe')
      await broken.query('select no_such_column').catch(() => {})
      await broken.end()
      expect(await standby.complaints()).toEqual([expect.stringContaining('no_such_column')])
    })
  })
