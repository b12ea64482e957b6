import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../core/errors.ts'
import type { BalancerTopology } from '../../core/topology.ts'
import type { AppInstance } from './app/app-instances.ts'
import { freePort } from './free-port.ts'
import { answersOk, httpCall } from './http-call.ts'
import { startListening } from './start-listening.ts'
import type { Supervisor } from './supervisor/connect.ts'

export const BALANCER = 'balancer'

export type RunningBalancer = { readonly port: number; readonly adminPort: number; readonly pid: number }

const READY_WITHIN_MS = 10_000

/** Starts the balancer's process before these instances; `port` is kept if given (a restart). */
export async function startBalancer(
  supervisor: Supervisor,
  bundlePath: string,
  topology: BalancerTopology,
  instances: readonly AppInstance[],
  signal: AbortSignal,
  port?: number,
): Promise<RunningBalancer> {
  const adminPort = await freePort()
  const started = await startListening({
    supervisor,
    signal,
    withinMs: READY_WITHIN_MS,
    ...(port === undefined ? {} : { port }),
    program: (chosen) => ({
      name: BALANCER,
      role: 'balancer',
      endWith: 'SIGTERM',
      command: process.execPath,
      args: [bundlePath],
      env: {
        NODE_ENV: 'production',
        BALANCER_CONFIG: JSON.stringify({
          host: '127.0.0.1',
          port: chosen,
          adminPort,
          algorithm: topology.algorithm,
          maxConnectionsPerServer: topology.maxConnectionsPerServer,
          queueTimeoutMs: topology.queueTimeoutMs,
          servers: serverList(instances),
        }),
      },
      cwd: '/',
    }),
    ready: () => answersOk(`${adminUrl(adminPort)}/healthz`),
    hint: 'the lines above are the balancer’s own words',
  })
  return { ...started, adminPort }
}

/** Replaces the servers the balancer spreads requests over, while it runs. */
export async function putServers(
  { adminPort }: RunningBalancer,
  instances: readonly AppInstance[],
): Promise<void> {
  const { status, body } = await httpCall(
    'PUT',
    `${adminUrl(adminPort)}/servers`,
    5000,
    serverList(instances),
  )
  if (status >= 200 && status < 300) return
  throw new HarnessError({
    code: 'environment',
    message: `the balancer refused its new list of servers (${status}): ${body.slice(0, 300)}`,
    where: BALANCER,
    hint: 'this is a fault of ours: please report it',
  })
}

/** Where the balancer tells its figures. */
export function statsUrl({ adminPort }: RunningBalancer): string {
  return `${adminUrl(adminPort)}/stats`
}

const DRAIN_MS = 300

/** Lets requests finish that were on their way to servers just taken off the list; between segments there are few. */
export function drained(): Promise<void> {
  return sleep(DRAIN_MS)
}

function serverList(instances: readonly AppInstance[]): readonly { name: string; url: string }[] {
  return instances.map(({ component, url }) => ({ name: component, url }))
}

function adminUrl(adminPort: number): string {
  return `http://127.0.0.1:${adminPort}`
}
