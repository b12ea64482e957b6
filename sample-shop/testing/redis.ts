import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './postgres.ts'

/** A Redis of its own for a test, empty, on loopback. */
export type TestRedis = {
  readonly url: string
  start(): Promise<void>
  kill(): Promise<void>
  /** Freezes it: connections stay open and nothing is answered. */
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

/** Path of redis-server; `null`, and said why, where it is not installed (with REQUIRE_ALL=1 an error instead). */
export function findRedis(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin']
  const path = process.env['REDIS'] ?? folders.map((folder) => `${folder}/redis-server`).find(isProgram)
  if (path) return path
  const missing = 'redis is missing (install redis-server, or set REDIS)'
  if (process.env['REQUIRE_ALL'] === '1')
    throw new Error(`${missing}, and REQUIRE_ALL=1 allows no skipped test`)
  console.warn(`skipped: ${missing}`)
  return null
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Starts an empty Redis for a test. */
export async function startTestRedis(program: string): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'sample-shop-redis-'))
  const port = await freePort()
  const open = () => {
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder]
    return spawn(program, settings, { stdio: 'ignore' })
  }
  let server = open()
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  const listening = async () => {
    while (!(await accepts(port))) await sleep(10)
  }
  await listening()
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      server = open()
      await listening()
    },
    kill,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async remove() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
