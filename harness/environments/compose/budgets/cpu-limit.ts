import { type DockerEngine, EngineRefusal } from '../docker/engine.ts'

/** A short period stands for a smaller server (every request slower); Docker's 100 ms for a fast one that freezes. */
export const PERIOD_US = 10_000
/** The kernel refuses a smaller quota. */
const MIN_QUOTA_US = 1_000

/** Period and quota that stand for these cores; `null`: no limit. */
export function cpuLimit(cores: number | null): { readonly CpuPeriod: number; readonly CpuQuota: number } {
  if (cores === null) return { CpuPeriod: PERIOD_US, CpuQuota: -1 }
  const period = Math.max(PERIOD_US, Math.ceil(MIN_QUOTA_US / cores))
  return { CpuPeriod: period, CpuQuota: Math.max(MIN_QUOTA_US, Math.round(period * cores)) }
}

/** Limits a running container, as `docker update --cpu-period --cpu-quota` does; one that has ended is let be. */
export async function limitCpu(engine: DockerEngine, id: string, cores: number | null): Promise<void> {
  await engine.ask('POST', `/containers/${id}/update`, cpuLimit(cores)).catch((error: unknown) => {
    if (
      error instanceof EngineRefusal &&
      /not running|dead|No such container|cannot.*stopped/i.test(error.message)
    )
      return
    throw error
  })
}
