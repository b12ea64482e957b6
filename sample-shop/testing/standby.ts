import { execFile } from 'node:child_process'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort, serverOf, type TestPostgres } from './postgres.ts'

const run = promisify(execFile)

/** A streaming standby of a test's Postgres. */
export type TestStandby = Omit<TestPostgres, 'home'>

/**
 * Starts a standby of `primary`, as it is now, that replays each commit `applyDelayMs` after it was made. By the low-level
 * backup calls: the npm packages hold no pg_basebackup. Remove it before its primary.
 * @throws Error when the server does not start.
 */
export async function startTestStandby(
  primary: TestPostgres,
  { applyDelayMs }: { readonly applyDelayMs: number },
): Promise<TestStandby> {
  const { native, user, folder } = primary.home
  const port = await freePort()
  const slot = `standby_${port}`
  const data = join(folder, slot)
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  try {
    // The slot keeps the log for a standby that is away for a while.
    await client.query('select pg_create_physical_replication_slot($1, true)', [slot])
    await client.query(`select pg_backup_start('standby', true)`)
    await cp(join(folder, 'data'), data, {
      recursive: true,
      filter: (source) =>
        !/\/(postmaster\.(pid|opts)|pg_replslot\/.+|pg_wal\/.+|pg_dynshmem\/.+)$/.test(source),
    })
    const { rows } = await client.query<{ label: string }>(
      'select labelfile as label from pg_backup_stop(false)',
    )
    await writeFile(join(data, 'backup_label'), rows[0]!.label)
  } finally {
    await client.end()
  }
  const { hostname, port: primaryPort, username } = new URL(primary.url)
  await writeFile(join(data, 'standby.signal'), '')
  await writeFile(
    join(data, 'postgresql.auto.conf'),
    [
      `primary_conninfo = 'host=${hostname} port=${primaryPort} user=${username}'`,
      `primary_slot_name = '${slot}'`,
      `recovery_min_apply_delay = '${applyDelayMs}ms'`,
      '',
    ].join('\n'),
  )
  if ('uid' in user) await run('chown', ['-R', `${user.uid}:${user.gid}`, data])
  const server = serverOf({ native, user, folder, data, port })
  await server.start()
  return {
    ...server,
    async remove() {
      await server.kill()
      await rm(data, { recursive: true, force: true })
    },
  }
}
