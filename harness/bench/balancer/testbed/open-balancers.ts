import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { haproxyConfigOf } from '../../../balancer/haproxy/haproxy-config.ts'
import { renderHaproxy } from '../../../balancer/haproxy/render-haproxy.ts'
import { DEFAULT_TOPOLOGY } from '../../../core/topology.ts'
import { bundle } from '../../../environments/bundle.ts'
import { findHaproxy } from '../../../environments/embedded/haproxy/find-haproxy.ts'
import { freePort } from '../../../environments/free-port.ts'

/** Each does the default topology's work before the same server, listed twice. */
export const CANDIDATES = ['embedded', 'HAProxy', 'HAProxy telling requests', 'bare'] as const
export type Candidate = (typeof CANDIDATES)[number]

type OpenBalancer = { readonly url: string; readonly pid: number }
export type OpenBalancers = Readonly<Record<Candidate, OpenBalancer>> & {
  readonly close: () => Promise<void>
}

/** Starts all of them as processes of their own, the embedded ones bundled as rehearsals do it. */
export async function openBalancers(serverPort: number): Promise<OpenBalancers> {
  const program = findHaproxy()
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'))
  mkdirSync(join(folder, 'bundles'))
  const children: ChildProcess[] = []
  const close = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }),
    )
    rmSync(folder, { recursive: true, force: true })
  }
  const open = async (
    command: string,
    argsFor: (port: number) => readonly string[],
    env: (port: number) => Record<string, string> = () => ({}),
  ): Promise<OpenBalancer> => {
    const port = await freePort()
    const child = spawn(command, [...argsFor(port)], { cwd: folder, env: env(port), stdio: 'ignore' })
    children.push(child)
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`)
      await sleep(20)
    }
    return { url: `http://127.0.0.1:${port}`, pid: child.pid! }
  }
  const haproxy = (tellsRequests: boolean) =>
    open(program, (port) => {
      const name = tellsRequests ? 'telling' : 'plain'
      const address = { host: '127.0.0.1', port: serverPort }
      const config = haproxyConfigOf(
        { ...DEFAULT_TOPOLOGY.balancer, engine: 'haproxy' },
        {
          host: '127.0.0.1',
          port,
          socket: `${name}.sock`,
          readyPath: '/',
          slots: ['app-1', 'app-2'].map((server) => ({ name: server, address, weight: 1 })),
        },
      )
      writeFileSync(join(folder, `${name}.cfg`), renderHaproxy({ ...config, tellsRequests }))
      return ['-db', '-f', `${name}.cfg`]
    })
  try {
    const url = `http://127.0.0.1:${serverPort}`
    const own = await bundle(pathOf('../../../balancer/proxy-process.ts'), folder, 'balancer')
    const bare = await bundle(pathOf('./bare-process.ts'), folder, 'bare')
    const opened = {
      embedded: await open(
        process.execPath,
        () => [own],
        (port) => ({ NODE_ENV: 'production', BALANCER_CONFIG: embeddedConfig(port, url) }),
      ),
      HAProxy: await haproxy(false),
      'HAProxy telling requests': await haproxy(true),
      bare: await open(process.execPath, (port) => [bare, url, String(port)]),
    }
    // Somebody listens, as the probe does in a rehearsal.
    const listener = connect(join(folder, 'telling.sock'))
    listener.on('error', () => {}).resume()
    listener.write('show events requests -w -n\n')
    return { ...opened, close }
  } catch (error) {
    await close()
    throw error
  }
}

function embeddedConfig(port: number, url: string): string {
  const {
    engine: _engine,
    cpu: _cpu,
    drainMs: _drain,
    weights: _weights,
    ...rest
  } = DEFAULT_TOPOLOGY.balancer
  return JSON.stringify({
    ...rest,
    healthCheckPath: '/',
    host: '127.0.0.1',
    port,
    adminPort: 0,
    servers: ['app-1', 'app-2'].map((name) => ({ name, url })),
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function pathOf(module: string): string {
  return fileURLToPath(new URL(module, import.meta.url))
}
