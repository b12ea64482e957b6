import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../core/errors.ts'
import { freePort } from '../free-port.ts'
import { answersOk, httpCall } from '../http-call.ts'
import type { AppInstance } from './app/app-instances.ts'
import { BALANCER, type BalancerStart, type RunningBalancer } from './running-balancer.ts'
import { startListening } from './start-listening.ts'

const READY_WITHIN_MS = 10_000
const POLL_MS = 20

/** Starts the embedded balancer's process, bundled at `bundlePath`. */
export async function startEmbeddedBalancer(
  { supervisor, topology, readyPath, instances, signal, port }: BalancerStart,
  bundlePath: string,
): Promise<RunningBalancer> {
  const adminPort = await freePort()
  const adminUrl = `http://127.0.0.1:${adminPort}`
  const { engine: _engine, cpu: _cpu, healthCheckPath, drainMs, weights, ...rest } = topology
  const listOf = (some: readonly AppInstance[]) =>
    some.map(({ component, url }) => ({ name: component, url, weight: weights[component] ?? 1 }))
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
          ...rest,
          host: '127.0.0.1',
          port: chosen,
          adminPort,
          healthCheckPath: healthCheckPath ?? readyPath,
          servers: listOf(instances),
        }),
      },
      cwd: '/',
    }),
    ready: () => answersOk(`${adminUrl}/healthz`),
    hint: 'the lines above are the balancer’s own words',
  })
  return {
    ...started,
    endpoint: { component: BALANCER, engine: 'embedded', statsUrl: `${adminUrl}/stats` },
    putServers: async (some) => {
      const { status, body } = await httpCall('PUT', `${adminUrl}/servers`, 5000, listOf(some))
      if (status < 200 || status >= 300) throw refusedList(status, body)
    },
    drained: async () => {
      const deadline = performance.now() + drainMs
      while (performance.now() < deadline && (await draining(`${adminUrl}/stats`))) await sleep(POLL_MS)
    },
  }
}

/** Whether servers that were taken off the list have requests left. */
async function draining(statsUrl: string): Promise<boolean> {
  const { body } = await httpCall('GET', statsUrl, 1000)
  return (JSON.parse(body) as { readonly draining: readonly unknown[] }).draining.length > 0
}

function refusedList(status: number, body: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the balancer refused its new list of servers (${status}): ${body.slice(0, 300)}`,
    where: BALANCER,
    hint: 'this is a fault of ours: please report it',
  })
}
