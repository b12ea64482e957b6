import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let folder: string
let bundle: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-balancer-'))
  bundle = join(folder, 'balancer.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./proxy-process.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function start(config: unknown): ChildProcess {
  return spawn(process.execPath, [bundle], {
    cwd: folder,
    env: { BALANCER_CONFIG: JSON.stringify(config) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function healthy(port: number): Promise<void> {
  for (;;) {
    const ok = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return
    await delay(20)
  }
}

describe('the balancer as one bundled file in a process of its own', () => {
  it('serves, and on SIGTERM ends a request under way before it exits with 0', async () => {
    const server = http.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const arrived = once(server, 'request') as Promise<[http.IncomingMessage, http.ServerResponse]>
    const { port: serverPort } = server.address() as AddressInfo
    const [port, adminPort] = [await freePort(), await freePort()]
    const child = start({
      host: '127.0.0.1',
      port,
      adminPort,
      algorithm: 'ewma',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 1000,
      servers: [{ name: 'app-1', url: `http://127.0.0.1:${serverPort}` }],
    })
    const exited = once(child, 'exit')
    await healthy(adminPort)
    const asked = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())
    const [, response] = await arrived
    child.kill('SIGTERM')
    // Once it has stopped listening it knows of the signal; only then may the answer come.
    while (
      await fetch(`http://127.0.0.1:${adminPort}/healthz`).then(
        () => true,
        () => false,
      )
    )
      await delay(5)
    response.end('done')
    server.close()
    expect(await asked).toBe('done')
    expect(await exited).toEqual([0, null])
  })

  it.each([
    ['a configuration with several faults', { algorithm: 'best', port: -1 }, /port: .*\n.*algorithm: /s, 2],
    ['no configuration', undefined, /BALANCER_CONFIG is not JSON/, 2],
  ])('refuses %s and says why', async (_name, config, says, code) => {
    const child = start(config)
    let text = ''
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    const [exitCode] = (await once(child, 'close')) as [number]
    expect(text).toMatch(says)
    expect(exitCode).toBe(code)
  })

  it('says which port is taken', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const child = start({
      host: '127.0.0.1',
      port: 0,
      adminPort: port,
      algorithm: 'round-robin',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 1000,
      servers: [{ name: 'app-1', url: 'http://127.0.0.1:9' }],
    })
    let text = ''
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    const [exitCode] = (await once(child, 'close')) as [number]
    taken.close()
    expect(text).toContain(`127.0.0.1:${port}`)
    expect(exitCode).toBe(4)
  })
})
