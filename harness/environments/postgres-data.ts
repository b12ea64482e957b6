import {
  type DatabaseServer,
  databaseUrl,
  SEEDED_DATABASE,
  SHOP_DATABASE,
  SHOP_ROLE,
  SUPERUSER,
  withClient,
} from './postgres-connection.ts'

/** Creates the empty shop database and its owner, with the statistics extension the probes read. */
export async function createShopDatabase(server: DatabaseServer): Promise<void> {
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), async (query) => {
    await query(
      `create role ${SHOP_ROLE} login${server.password === undefined ? '' : ` password ${literal(server.password)}`}`,
    )
    await query(`create database ${SHOP_DATABASE} owner ${SHOP_ROLE}`)
  })
  await withClient(databaseUrl(server, SUPERUSER, SHOP_DATABASE), (query) =>
    query('create extension pg_stat_statements'),
  )
}

/**
 * Brings statistics and visibility up to date after seeding, then keeps a copy to go back to. The copies
 * are made by `wal_log`: as fast as `file_copy` at this size, and the new pages are warm, so arms start alike.
 */
export async function snapshotData(server: DatabaseServer): Promise<void> {
  await withClient(databaseUrl(server, SUPERUSER, SHOP_DATABASE), (query) => query('vacuum (analyze)'))
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), async (query) => {
    await query(`create database ${SEEDED_DATABASE} template ${SHOP_DATABASE} strategy wal_log`)
    await query('checkpoint')
  })
}

/** A further seeded copy beside the one that shoppers have, for an app that seeds otherwise; `seed` fills it. */
export async function createSeeded(
  server: DatabaseServer,
  name: string,
  seed: (databaseUrl: string) => Promise<void>,
): Promise<void> {
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), async (query) => {
    // What is left of an attempt that failed.
    await query(`drop database if exists ${name} with (force)`)
    await query(`create database ${name} owner ${SHOP_ROLE}`)
  })
  const own = databaseUrl(server, SUPERUSER, name)
  await withClient(own, (query) => query('create extension pg_stat_statements'))
  await seed(databaseUrl(server, SHOP_ROLE, name))
  await withClient(own, (query) => query('vacuum (analyze)'))
}

/** Throws today's data away, whoever is connected to it, and puts a seeded copy in its place. */
export async function restoreSnapshot(
  server: DatabaseServer,
  seeded: string,
  exempt?: (backendPid: number) => Promise<void>,
): Promise<void> {
  await withClient(
    databaseUrl(server, SUPERUSER, 'postgres'),
    async (query) => {
      await query(`drop database if exists ${SHOP_DATABASE} with (force)`)
      await query(`create database ${SHOP_DATABASE} template ${seeded} owner ${SHOP_ROLE} strategy wal_log`)
      await query('checkpoint')
    },
    exempt,
  )
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
