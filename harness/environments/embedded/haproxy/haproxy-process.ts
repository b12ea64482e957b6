import { rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { haproxyConfigOf } from '../../../balancer/haproxy/haproxy-config.ts'
import { HAPROXY_BACKEND, HAPROXY_RING, renderHaproxy } from '../../../balancer/haproxy/render-haproxy.ts'
import { HarnessError } from '../../../core/errors.ts'
import { MOST_INSTANCES } from '../../../core/topology.ts'
import type { AppInstance } from '../app/app-instances.ts'
import { BALANCER, type BalancerStart, type RunningBalancer } from '../running-balancer.ts'
import { startListening } from '../start-listening.ts'
import { describeEnd, type Supervisor } from '../supervisor/connect.ts'
import { haproxyCommand } from './command-line.ts'
import { findHaproxy } from './find-haproxy.ts'
import { haproxySocket } from './haproxy-socket.ts'

const READY_WITHIN_MS = 10_000
const POLL_MS = 20
const CONFIG_FILE = 'haproxy.cfg'

/** Starts HAProxy in the run's folder. */
export async function startHaproxy(
  { supervisor, topology, readyPath, instances, signal, port }: BalancerStart,
  folder: string,
): Promise<RunningBalancer> {
  const program = findHaproxy()
  const socketPath = haproxySocket(folder)
  const slots = slotNames(instances)
  const write = (chosen: number): void => {
    const config = haproxyConfigOf(topology, {
      host: '127.0.0.1',
      port: chosen,
      socket: basename(socketPath),
      readyPath,
      slots: slots.map((name) => {
        const instance = instances.find(({ component }) => component === name)
        return {
          name,
          address: instance ? { host: '127.0.0.1', port: instance.port } : null,
          weight: topology.weights[name] ?? 1,
        }
      }),
    })
    writeFileSync(join(folder, CONFIG_FILE), renderHaproxy(config), { mode: 0o600 })
  }
  const run = { command: program, env: {}, cwd: folder }
  // One that was killed leaves its socket behind; what answers there must be the new one.
  rmSync(socketPath, { force: true })
  write(port ?? 1)
  await checkConfig(supervisor, run)
  const started = await startListening({
    supervisor,
    signal,
    withinMs: READY_WITHIN_MS,
    ...(port === undefined ? {} : { port }),
    program: (chosen) => {
      write(chosen)
      return {
        ...run,
        name: BALANCER,
        role: 'balancer',
        endWith: 'SIGTERM',
        // In the foreground, without a master process: this process is the one that is metered and ended.
        args: ['-db', '-f', CONFIG_FILE],
      }
    },
    ready: () =>
      haproxyCommand(socketPath, 'show info').then(
        (text) => text.includes('Uptime_sec'),
        () => false,
      ),
    hint: 'the lines above are HAProxy’s own words',
  })
  return {
    ...started,
    endpoint: { component: BALANCER, engine: 'haproxy', statsSocket: socketPath, requestsRing: HAPROXY_RING },
    ...serverSlots(socketPath, instances, topology.drainMs),
  }
}

/** Servers come and go in places that HAProxy has had from the start: no restart, no connection lost. */
function serverSlots(
  socketPath: string,
  instances: readonly AppInstance[],
  drainMs: number,
): Pick<RunningBalancer, 'putServers' | 'drained'> {
  let used = new Map(instances.map(({ component, port }) => [component, port]))
  let leaving: readonly string[] = []
  const tell = async (...commands: readonly string[]): Promise<void> => {
    for (const command of commands) {
      const answer = await haproxyCommand(socketPath, command)
      if (/no such|unknown|invalid|require|error|can't|cannot|not allowed/i.test(answer)) {
        throw refusedCommand(command, answer)
      }
    }
  }
  return {
    putServers: async (some) => {
      const next = new Map(some.map(({ component, port }) => [component, port]))
      for (const [name, port] of next) {
        if (used.get(name) === port) continue
        const server = `${HAPROXY_BACKEND}/${name}`
        await tell(
          `set server ${server} state maint`,
          `set server ${server} addr 127.0.0.1 port ${port}`,
          `set server ${server} state ready`,
        )
      }
      const gone = [...used.keys()].filter((name) => !next.has(name))
      for (const name of gone) await tell(`set server ${HAPROXY_BACKEND}/${name} state drain`)
      leaving = [...leaving.filter((name) => !next.has(name)), ...gone]
      used = next
    },
    drained: async () => {
      const deadline = performance.now() + drainMs
      while (performance.now() < deadline && (await anyBusy(socketPath, leaving))) await sleep(POLL_MS)
      for (const name of leaving) await tell(`set server ${HAPROXY_BACKEND}/${name} state maint`)
      leaving = []
    },
  }
}

/** Whether one of these servers has requests now. */
async function anyBusy(socketPath: string, names: readonly string[]): Promise<boolean> {
  if (names.length === 0) return false
  const [head = '', ...rows] = (await haproxyCommand(socketPath, `show stat ${HAPROXY_BACKEND} 4 -1`)).split(
    '\n',
  )
  const now = head.replace(/^# /, '').split(',').indexOf('scur')
  return rows.some((row) => {
    const fields = row.split(',')
    return names.includes(fields[1] ?? '') && Number(fields[now]) > 0
  })
}

/** As many places as a topology may have instances, in their names. */
function slotNames(instances: readonly AppInstance[]): readonly string[] {
  const places = Array.from({ length: MOST_INSTANCES }, (_, index) => `app-${index + 1}`)
  return [...new Set([...places, ...instances.map(({ component }) => component)])]
}

async function checkConfig(
  supervisor: Supervisor,
  run: { readonly command: string; readonly env: Record<string, string>; readonly cwd: string },
): Promise<void> {
  const end = await supervisor.ask('run', {
    ...run,
    name: 'haproxy-check',
    args: ['-c', '-f', CONFIG_FILE],
  })
  if (end.code === 0) return
  throw new HarnessError({
    code: 'environment',
    message: `HAProxy refuses its configuration: ${describeEnd(end)}`,
    where: `${run.command} -c -f ${join(run.cwd, CONFIG_FILE)}`,
    hint: 'HAProxy 2.6 or newer is needed; change the setting it names, or use topology.balancer.engine=embedded',
  })
}

function refusedCommand(command: string, answer: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `HAProxy refused "${command}": ${answer.slice(0, 300)}`,
    where: BALANCER,
    hint: 'HAProxy 2.6 or newer is needed; or use topology.balancer.engine=embedded',
  })
}
