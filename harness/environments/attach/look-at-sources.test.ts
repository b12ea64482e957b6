import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EnvironmentSpec } from '../../ports.ts'
import { requires } from '../../testing/requires.ts'
import { attachEnvironment } from './index.ts'
import { lookAtSources } from './look-at-sources.ts'
import { NOTHING_NAMED } from './testing/nothing-named.ts'

const SECRET = 'geheim-4711'

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

async function site(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const metrics = async (answer: RequestListener, gauges: Readonly<Record<string, string>> = {}) => {
  const url = `${(await site(answer)).replace('//', `//me:${SECRET}@`)}/metrics`
  const { named, unreadable } = await lookAtSources({
    ...NOTHING_NAMED,
    prometheus: [{ kind: 'endpoint', url, gauges }],
  })
  expect(named).toBe(1)
  expect(JSON.stringify(unreadable)).not.toContain(SECRET)
  return unreadable.map(({ what }) => what.replace(/^prometheus http:\S+: /, '')).join()
}

describe('a named source of metrics', () => {
  it('is fine when it gives metrics that are known, or named', async () => {
    expect(await metrics((_, answer) => answer.end('# HELP x\nshop_pool_max 10\n'))).toBe('')
    const labelled: RequestListener = (_, answer) => answer.end('pending{pool="a"} 3\n')
    expect(await metrics(labelled, { poolWaiting: 'pending' })).toBe('')
  })

  it.each<readonly [string, RequestListener]>([
    ['answers 302, a redirect', (_, answer) => answer.writeHead(302, { location: '/login' }).end()],
    ['answers 401', (_, answer) => answer.writeHead(401).end()],
    ['answers HTML, no metrics', (_, answer) => answer.end('<!doctype html><p>hello 1</p>')],
    ['answers no metrics', (_, answer) => answer.end('')],
    ['none of its metrics is known by name', (_, answer) => answer.end('go_threads 7\n')],
    ['no answer within 3 s', () => {}],
    ['answers more than 16 MiB', (_, answer) => answer.end(Buffer.alloc(17 * 2 ** 20, 'shop_pool_max 10\n'))],
  ])('is told with the reason when it cannot be read: %s', async (reason, answer) => {
    expect(await metrics(answer)).toContain(reason)
  })

  it('is told when it does not have what was named', async () => {
    const answer: RequestListener = (_, response) => response.end('pending_total 3\n')
    expect(await metrics(answer, { poolWaiting: 'pending' })).toBe('there is no metric pending')
  })

  it('ends a watch before it begins when nothing else was named', async () => {
    const url = await site((_, answer) => answer.end('<p>'))
    const environment = attachEnvironment({
      spec: { ...NOTHING_NAMED, prometheus: [{ kind: 'endpoint', url, gauges: {} }] },
      onThisMachine: true,
      warn: () => {},
    })
    await expect(
      environment.up({} as EnvironmentSpec, () => {}, new AbortController().signal),
    ).rejects.toMatchObject({
      code: 'environment',
      message: `nothing that was named can be read:\n  prometheus ${url}: answers HTML, no metrics`,
    })
  })
})

async function answering(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      }).once('error', () => resolve(false))
    })
    if (open) return
    await delay(50)
  }
  throw new Error(`nobody listens on ${port}`)
}

const redis = requires('redis')
describe.skipIf(redis.skip)('a named Redis', () => {
  let child: ChildProcess
  let port = 0
  beforeAll(async () => {
    port = await closedPort()
    child = spawn(redis.path, ['--port', String(port), '--save', '', '--requirepass', SECRET], {
      stdio: 'ignore',
    })
    await answering(port)
  })
  afterAll(() => child?.kill('SIGKILL'))

  const look = async (password: string) => {
    const url = `redis://${password}127.0.0.1:${port}`
    const { unreadable } = await lookAtSources({ ...NOTHING_NAMED, redis: { name: 'R1', url } })
    return unreadable
  }

  it('is told with what it answers when it does not let us in, and never its password', async () => {
    expect(await look(`:${SECRET}@`)).toEqual([])
    expect(await look(':wrong-4712@')).toEqual([
      {
        what: expect.stringMatching(/^redis env:R1: WRONGPASS/),
        cost: 'its hits and memory cannot be seen',
      },
    ])
    expect((await look(''))[0]?.what).toMatch(/^redis env:R1: NOAUTH/)
  })
})

const pgbouncer = requires('pgbouncer')
describe.skipIf(pgbouncer.skip)("PgBouncer's console", () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bouncer-'))
  let child: ChildProcess
  let port = 0
  beforeAll(async () => {
    port = await closedPort()
    writeFileSync(join(folder, 'users'), `"me" "${SECRET}"\n`)
    writeFileSync(
      join(folder, 'ini'),
      `[databases]
shop = host=127.0.0.1 port=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, 'users')}
admin_users = me
ignore_startup_parameters = extra_float_digits,options
`,
    )
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
    child = spawn(
      'sh',
      ['-c', `chmod -R a+rX ${folder}; exec "$0" "$@"`, pgbouncer.path, ...user, join(folder, 'ini')],
      {
        stdio: 'ignore',
      },
    )
    await answering(port)
  })
  afterAll(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const named = (database: string) => ({
    name: 'BOUNCER',
    url: `postgres://me:${SECRET}@127.0.0.1:${port}/${database}`,
  })

  it('is readable as such', async () => {
    expect((await lookAtSources({ ...NOTHING_NAMED, pgbouncer: named('pgbouncer') })).unreadable).toEqual([])
  })

  it('given as the database is called what it is, without our statement', async () => {
    const environment = attachEnvironment({
      spec: { ...NOTHING_NAMED, postgres: named('pgbouncer') },
      onThisMachine: true,
      warn: () => {},
    })
    const failure = environment.up({} as EnvironmentSpec, () => {}, new AbortController().signal)
    await expect(failure).rejects.toMatchObject({
      code: 'environment',
      message: "the database does not let us in: what answers is PgBouncer's console, not Postgres",
    })
  })
})

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
