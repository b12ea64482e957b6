import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEFAULT_TOPOLOGY } from '../core/topology.ts'
import {
  type DatabaseServer,
  databaseUrl,
  SEEDED_DATABASE,
  SHOP_DATABASE,
  SHOP_ROLE,
  SUPERUSER,
  withClient,
} from '../environments/postgres-connection.ts'
import { createShopDatabase, restoreSnapshot, snapshotData } from '../environments/postgres-data.ts'
import { postgresSettings } from '../environments/postgres-settings.ts'
import { databaseProbe } from '../probes/database.ts'
import { fakeEndpoints, realClock } from '../probes/testing/fake-endpoints.ts'
import { requiresCompose } from './requires-compose.ts'

const IMAGE = 'postgres:18'
const { skip } = requiresCompose([IMAGE])
// Its helper container would be another image to fetch; what is started here is stopped here.
vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'true')

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

describe.skipIf(skip)('a Postgres in a container that asks for passwords', () => {
  let container: StartedTestContainer
  let server: DatabaseServer
  beforeAll(async () => {
    const password = `it's a "secret"/?`
    container = await new GenericContainer(IMAGE)
      .withEnvironment({ POSTGRES_USER: SUPERUSER, POSTGRES_PASSWORD: password })
      .withCommand([
        'postgres',
        ...Object.entries(postgresSettings(DEFAULT_TOPOLOGY.database)).flatMap(([name, value]) => [
          '-c',
          `${name}=${value}`,
        ]),
      ])
      .withExposedPorts({ container: 5432, host: 0 })
      // Over TCP: while the image creates the data, a temporary server already answers on the socket.
      .withWaitStrategy(Wait.forSuccessfulCommand('pg_isready -q -h 127.0.0.1'))
      .start()
    server = { port: container.getMappedPort(5432), password }
    await createShopDatabase(server)
  })
  afterAll(() => container?.stop({ timeout: 0 }))

  const asShop = <Result>(work: Parameters<typeof withClient<Result>>[1]) =>
    withClient(databaseUrl(server, SHOP_ROLE, SHOP_DATABASE), work)

  it('takes the settings of a topology, and lets the app in by its own role', async () => {
    const [row] = await asShop((query) =>
      query(`select current_user as role, current_setting('max_connections') as most`),
    )
    expect(row).toEqual({ role: SHOP_ROLE, most: String(DEFAULT_TOPOLOGY.database.maxConnections + 8) })
  })

  it('gets its data back as it was at the snapshot', async () => {
    await asShop((query) => query('create table counter as select 1 as n'))
    await snapshotData(server)
    await asShop((query) => query('update counter set n = 2'))
    await restoreSnapshot(server, SEEDED_DATABASE)
    expect(await asShop((query) => query('select n from counter'))).toEqual([{ n: 1 }])
  })

  it('tells the database probe of its sessions and statements', async () => {
    const connectionString = databaseUrl(server, SUPERUSER, SHOP_DATABASE)
    const endpoints = fakeEndpoints({ database: () => ({ connectionString, exempt: async () => {} }) })
    const probe = await databaseProbe.open(endpoints, realClock())
    try {
      await vi.waitFor(
        async () => {
          await asShop((query) => query('select count(*) from counter'))
          const [reading] = await probe.sample()
          expect(reading?.values['connectionsMax']).toBe(DEFAULT_TOPOLOGY.database.maxConnections)
          expect(reading?.statements?.map(({ query }) => query)).toContain('select count(*) from counter')
        },
        { timeout: 20_000, interval: 200 },
      )
    } finally {
      await probe.close()
    }
  })
})
