import {
  databaseUrl,
  SEEDED_DATABASE,
  SHOP_DATABASE,
  SHOP_ROLE,
  SUPERUSER,
  withClient,
} from './connection.ts'

/** Creates the empty shop database and its owner, with the statistics extension the probes read. */
export async function createShopDatabase(port: number): Promise<void> {
  await withClient(databaseUrl(port, SUPERUSER, 'postgres'), async (query) => {
    await query(`create role ${SHOP_ROLE} login`)
    await query(`create database ${SHOP_DATABASE} owner ${SHOP_ROLE}`)
  })
  await withClient(databaseUrl(port, SUPERUSER, SHOP_DATABASE), (query) =>
    query('create extension pg_stat_statements'),
  )
}

/**
 * Brings statistics and visibility up to date after seeding, then keeps a copy to go back to. The copies
 * are made by `wal_log`: as fast as `file_copy` at this size, and the new pages are warm, so arms start alike.
 */
export async function snapshotData(port: number): Promise<void> {
  await withClient(databaseUrl(port, SUPERUSER, SHOP_DATABASE), (query) => query('vacuum (analyze)'))
  await withClient(databaseUrl(port, SUPERUSER, 'postgres'), async (query) => {
    await query(`create database ${SEEDED_DATABASE} template ${SHOP_DATABASE} strategy wal_log`)
    await query('checkpoint')
  })
}

/** Throws today's data away, whoever is connected to it, and puts the seeded copy in its place. */
export async function restoreSnapshot(
  port: number,
  exempt: (backendPid: number) => Promise<void>,
): Promise<void> {
  await withClient(
    databaseUrl(port, SUPERUSER, 'postgres'),
    async (query) => {
      await query(`drop database if exists ${SHOP_DATABASE} with (force)`)
      await query(
        `create database ${SHOP_DATABASE} template ${SEEDED_DATABASE} owner ${SHOP_ROLE} strategy wal_log`,
      )
      await query('checkpoint')
    },
    exempt,
  )
}
