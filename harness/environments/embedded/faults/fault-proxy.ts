import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../../core/errors.ts'
import type { Fault } from '../../../core/faults/fault.ts'
import { bundle } from '../../bundle.ts'
import { freePort } from '../../free-port.ts'
import { answersOk, httpCall } from '../../http-call.ts'
import { startListening } from '../start-listening.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import type { ProxyState } from './proxy/tcp-proxy.ts'

const ENTRY = fileURLToPath(new URL('proxy/proxy-process.ts', import.meta.url))
const NAME = 'fault-proxy'
const READY_WITHIN_MS = 10_000
const ANSWERS_WITHIN_MS = 5000

/** Whether one of these faults is done on the way between app and database. */
export function needsProxy(faults: readonly Fault[]): boolean {
  return faults.some(({ act }) => act.kind === 'delay' || act.kind === 'drop')
}

/** The proxy that all connections of the app to its database go through, from the start to the end of the run. */
export class FaultProxy {
  readonly port: number
  readonly #admin: string
  #state: ProxyState = { delayMs: 0, dropShare: 0 }

  constructor(port: number, adminPort: number) {
    this.port = port
    this.#admin = `http://127.0.0.1:${adminPort}`
  }

  async set(change: Partial<ProxyState>): Promise<void> {
    this.#state = { ...this.#state, ...change }
    await this.#call('PUT', '/state', this.#state)
  }

  /** Breaks this share of the connections that are open now. */
  async breakOpen(share: number): Promise<void> {
    await this.#call('POST', '/break', { share })
  }

  async #call(method: string, path: string, json: unknown): Promise<void> {
    const { status, body } = await httpCall(method, `${this.#admin}${path}`, ANSWERS_WITHIN_MS, json)
    if (status === 204) return
    throw new HarnessError({
      code: 'bug',
      message: `the fault proxy refused what it was told (${status}): ${body.slice(0, 300)}`,
      where: NAME,
      hint: 'this is a fault of ours: please report it',
    })
  }
}

/** Starts the proxy in the supervisor's care: without a budget, and its CPU is the harness's. */
export async function startFaultProxy(
  supervisor: Supervisor,
  folder: string,
  databasePort: number,
  signal: AbortSignal,
): Promise<FaultProxy> {
  const [bundled, adminPort] = await Promise.all([bundle(ENTRY, folder, NAME), freePort()])
  const { port } = await startListening({
    supervisor,
    signal,
    withinMs: READY_WITHIN_MS,
    program: (chosen) => ({
      name: NAME,
      role: 'harness',
      endWith: 'SIGTERM',
      command: process.execPath,
      args: [bundled],
      env: {
        NODE_ENV: 'production',
        FAULT_PROXY: JSON.stringify({ port: chosen, adminPort, targetPort: databasePort }),
      },
      cwd: '/',
    }),
    ready: () => answersOk(`http://127.0.0.1:${adminPort}/healthz`),
    hint: 'the lines above are the proxy’s own words',
  })
  return new FaultProxy(port, adminPort)
}
