import { readFileSync } from 'node:fs'
import { cpus, hostname } from 'node:os'
import type { MeterReading, Probe } from '../ports.ts'
import { readTreeCpu, treeCpuSince } from './process-tree.ts'

type HostCpu = { readonly busyUs: number; readonly stealUs: number }

type Moment = {
  readonly atUs: number
  readonly host: HostCpu
  readonly meter: readonly MeterReading[]
  readonly selfUs: number
  readonly tree: ReadonlyMap<number, number>
}

/** What else runs on this machine: CPU in use by anyone, by us, and stolen by the hypervisor. */
export const hostProbe: Probe = {
  name: 'host',
  intervalMs: 1000,
  async open(endpoints, clock) {
    let before: Moment | null = null
    return {
      async sample() {
        const meter = await endpoints.meter().catch(() => [])
        const { user, system } = process.cpuUsage()
        const tree = process.platform === 'linux' ? readTreeCpu(process.pid) : new Map<number, number>()
        const now: Moment = { atUs: clock.nowUs(), host: readHostCpu(), meter, selfUs: user + system, tree }
        const last = before
        before = now
        if (last === null || now.atUs <= last.atUs) return []
        return [
          {
            atUs: now.atUs,
            probe: 'host',
            role: 'host',
            component: hostname(),
            values: readValues(now, last),
          },
        ] as const
      },
      close: async () => {},
    }
  },
}

function readValues(now: Moment, before: Moment): Record<string, number> {
  const elapsedUs = now.atUs - before.atUs
  const busyCores = Math.max(0, now.host.busyUs - before.host.busyUs) / elapsedUs
  // Two ways to count ourselves, each blind to something (the meter to what it does not run, such as the engine; the
  // process tree to processes that ended meanwhile): the larger one, for too little would be blamed on others.
  const ourCores = Math.max(meteredUs(now, before), treeCpuSince(now.tree, before.tree)) / elapsedUs
  return {
    busyCores,
    ourCores,
    othersCores: Math.max(0, busyCores - ourCores),
    stealCores: Math.max(0, now.host.stealUs - before.host.stealUs) / elapsedUs,
    cores: cpus().length,
    ...coreSpeed(now.meter),
  }
}

/** Speed of a core relative to the one that budgets are in, where the meter follows it. */
function coreSpeed(meter: readonly MeterReading[]): { readonly coreSpeed?: number } {
  const speed = meter.find(({ coreSpeed }) => coreSpeed !== undefined)?.coreSpeed
  return speed === undefined ? {} : { coreSpeed: speed }
}

/** CPU of the metered components and of this process, in µs. */
function meteredUs(now: Moment, before: Moment): number {
  let sumUs = now.meter.some(({ role }) => role === 'harness') ? 0 : now.selfUs - before.selfUs
  for (const { component, usedUs } of now.meter) {
    const earlier = before.meter.find((reading) => reading.component === component)
    sumUs += earlier && earlier.usedUs <= usedUs ? usedUs - earlier.usedUs : 0
  }
  return sumUs
}

function readHostCpu(): HostCpu {
  if (process.platform !== 'linux') {
    const busyMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
    return { busyUs: busyMs * 1000, stealUs: 0 }
  }
  // First line of /proc/stat, in ticks of 10 ms: user nice system idle iowait irq softirq steal (guest is in user).
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { busyUs: (user + nice + system + irq + softirq) * 10_000, stealUs: steal * 10_000 }
}
