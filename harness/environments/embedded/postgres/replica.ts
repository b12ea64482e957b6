import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../../core/errors.ts'
import type { DatabaseTopology } from '../../../core/topology.ts'
import { databaseUrl, SUPERUSER, withClient } from '../../postgres-connection.ts'
import { startListening } from '../start-listening.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import { removeSegments, sharedMemoryOf } from '../supervisor/shared-memory.ts'
import { hand, type ServerHome, surroundings } from './server.ts'
import { serverArguments } from './server-arguments.ts'

/** A streaming standby that runs. */
export type Replica = { readonly component: string; readonly port: number; readonly pid: number }

const START_WITHIN_MS = 30_000
const POLL_MS = 20
const STOP_GRACE_MS = 5000
/** What a standby has of its own, or makes anew: the rest of a data folder is copied. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  ...['postmaster.pid', 'postmaster.opts', 'pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_stat_tmp'],
])

export function replicaName(number: number): string {
  return `replica-${number}`
}

/**
 * Makes a standby of the running primary, by the low-level backup calls (the npm packages hold no pg_basebackup), and
 * resolves when it answers and streams. Nothing has to stop for it.
 */
export async function startReplica(
  supervisor: Supervisor,
  home: ServerHome,
  database: DatabaseTopology,
  primaryPort: number,
  number: number,
  signal: AbortSignal,
): Promise<Replica> {
  const component = replicaName(number)
  const dataFolder = dataFolderOf(home, component)
  const primary = databaseUrl({ port: primaryPort }, SUPERUSER, 'postgres')
  await withClient(primary, async (query) => {
    // The slot keeps the log that the copy needs, and what the standby misses while it is away.
    await query('select pg_create_physical_replication_slot($1, true)', [slotOf(component)])
    await query(`select pg_backup_start($1, true)`, [component])
    await copyData(supervisor, home, component)
    const [row] = await query('select labelfile as label from pg_backup_stop(false)')
    await handOver(home, join(dataFolder, 'backup_label'), String(row?.['label']))
  })
  await handOver(home, join(dataFolder, 'standby.signal'), '')
  await handOver(home, join(dataFolder, 'postgresql.auto.conf'), applyDelay(database.replicaApplyDelayMs))
  const streams = `select from pg_stat_wal_receiver where status = 'streaming'`
  return runReplica(supervisor, home, database, primaryPort, component, signal, streams)
}

/**
 * Starts a standby that has ended again, at its port and with its data, and resolves when it answers: what it has missed it
 * then fetches, from a primary that need not run yet.
 */
export function restartReplica(
  supervisor: Supervisor,
  home: ServerHome,
  database: DatabaseTopology,
  primaryPort: number,
  { component, port }: Replica,
  signal: AbortSignal,
): Promise<Replica> {
  return runReplica(supervisor, home, database, primaryPort, component, signal, 'select', port)
}

/** `readySql` finds one row once the standby is ready. */
async function runReplica(
  supervisor: Supervisor,
  home: ServerHome,
  database: DatabaseTopology,
  primaryPort: number,
  component: string,
  signal: AbortSignal,
  readySql: string,
  fixedPort?: number,
): Promise<Replica> {
  const dataFolder = dataFolderOf(home, component)
  const { port, pid } = await startListening({
    supervisor,
    signal,
    withinMs: START_WITHIN_MS,
    ...(fixedPort === undefined ? {} : { port: fixedPort }),
    program: (chosen) => ({
      name: component,
      role: 'replica',
      endWith: 'SIGQUIT',
      command: join(home.native, 'bin', 'postgres'),
      args: serverArguments(dataFolder, chosen, database, {
        primary_conninfo: `host=127.0.0.1 port=${primaryPort} user=${SUPERUSER} application_name=${component}`,
        primary_slot_name: slotOf(component),
        hot_standby: 'on',
      }),
      ...surroundings(home),
    }),
    ready: (chosen) =>
      withClient(databaseUrl({ port: chosen }, SUPERUSER, 'postgres'), (query) => query(readySql)).then(
        (rows) => rows.length === 1,
        () => false,
      ),
    hint: 'see `topology.database.settings`: a standby needs wal_level=replica and max_wal_senders of at least 4',
  })
  await supervisor.ask('tidy', { files: sharedMemoryOf([pid]) })
  return { component, port, pid }
}

/** Ends a standby, running or dead, and removes its data and its slot. */
export async function removeReplica(
  supervisor: Supervisor,
  home: ServerHome,
  { component }: Replica,
  isRunning: boolean,
  primaryPort: number,
): Promise<void> {
  if (isRunning) await supervisor.ask('stop', { component, signal: 'SIGINT', graceMs: STOP_GRACE_MS })
  await withClient(databaseUrl({ port: primaryPort }, SUPERUSER, 'postgres'), async (query) => {
    const deadline = performance.now() + STOP_GRACE_MS
    for (;;) {
      // A slot is let go a moment after its standby has ended.
      const left = await query('select active from pg_replication_slots where slot_name = $1', [
        slotOf(component),
      ])
      if (left.length === 0) return
      if (left[0]?.['active'] === false || performance.now() > deadline) break
      await sleep(POLL_MS)
    }
    await query('select pg_drop_replication_slot($1)', [slotOf(component)])
  })
  removeSegments(dataFolderOf(home, component))
  await rm(dataFolderOf(home, component), { recursive: true, force: true, maxRetries: 3 })
}

/** Copies all that a standby does not have of its own, as the user who owns it. */
async function copyData(supervisor: Supervisor, home: ServerHome, component: string): Promise<void> {
  const target = dataFolderOf(home, component)
  removeSegments(target)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { mode: 0o700 })
  await hand(home, target)
  const entries = (await readdir(home.dataFolder)).filter((name) => !NOT_COPIED.has(name))
  const end = await supervisor.ask('run', {
    name: 'copy',
    command: 'cp',
    args: ['-a', ...entries.map((name) => join(home.dataFolder, name)), target],
    ...surroundings(home),
  })
  // Files may go while they are copied; what they held comes with the log.
  if (end.code !== 0 && !end.tail.split('\n').every((line) => /No such file or directory/.test(line)))
    throw notCopied(component, end.tail)
  for (const name of ['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_stat_tmp'])
    await hand(home, await made(join(target, name)))
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { mode: 0o700 })
  return folder
}

async function handOver(home: ServerHome, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  await hand(home, path)
}

function dataFolderOf({ folder }: ServerHome, component: string): string {
  return join(folder, `data-${component}`)
}

function slotOf(component: string): string {
  return component.replaceAll('-', '_')
}

function applyDelay(delayMs: number): string {
  return `recovery_min_apply_delay = ${delayMs}\n`
}

function notCopied(component: string, tail: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the data could not be copied for ${component}:\n${tail || 'cp said nothing'}`,
    where: component,
    hint: /No space left on device/.test(tail)
      ? 'free some disk space in the temporary folder (TMPDIR)'
      : 'the lines above are what `cp` says',
  })
}
