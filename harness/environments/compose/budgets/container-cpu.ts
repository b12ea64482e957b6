import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DockerEngine } from '../docker/engine.ts'
import { groupsOf } from './groups-of.ts'

/** CPU a container has used and time it was held back (added up over cores), since it started. */
export type CpuCounters = { readonly usedUs: number; readonly throttledUs: number }

export type ContainerCpu = () => Promise<CpuCounters>

/**
 * How to read a container's CPU: from the kernel's control groups where the engine runs on this very kernel, else from
 * the engine, whose figures are up to a second old and take as long to get.
 */
export function containerCpu(engine: DockerEngine, id: string, pid: number): ContainerCpu {
  const files = controlGroupOf(id, pid)
  if (!files) return () => askEngine(engine, id)
  let last: CpuCounters = { usedUs: 0, throttledUs: 0 }
  return async () => {
    try {
      last = files()
    } catch {
      // The container ended; its last reading stands.
    }
    return last
  }
}

function controlGroupOf(id: string, pid: number): (() => CpuCounters) | null {
  try {
    const pathOf = groupsOf(id, pid)
    const accounting = pathOf('cpuacct')
    const cpu = pathOf('cpu')
    const found =
      accounting !== undefined && cpu !== undefined
        ? version1(join('/sys/fs/cgroup/cpuacct', accounting), join('/sys/fs/cgroup/cpu', cpu))
        : version2(join('/sys/fs/cgroup', pathOf('')!))
    found()
    return found
  } catch {
    return null
  }
}

function version1(accounting: string, cpu: string): () => CpuCounters {
  return () => ({
    usedUs: Number(readFileSync(join(accounting, 'cpuacct.usage'), 'latin1')) / 1000,
    throttledUs: field(readFileSync(join(cpu, 'cpu.stat'), 'latin1'), 'throttled_time') / 1000,
  })
}

function version2(folder: string): () => CpuCounters {
  return () => {
    const stat = readFileSync(join(folder, 'cpu.stat'), 'latin1')
    return { usedUs: field(stat, 'usage_usec'), throttledUs: field(stat, 'throttled_usec') }
  }
}

function field(stat: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)
}

type Stats = {
  readonly cpu_stats: {
    readonly cpu_usage: { readonly total_usage: number }
    readonly throttling_data: { readonly throttled_time: number }
  }
}

async function askEngine(engine: DockerEngine, id: string): Promise<CpuCounters> {
  const stats = await engine.ask<Stats>('GET', `/containers/${id}/stats?stream=false&one-shot=true`)
  return {
    usedUs: stats.cpu_stats.cpu_usage.total_usage / 1000,
    throttledUs: stats.cpu_stats.throttling_data.throttled_time / 1000,
  }
}
