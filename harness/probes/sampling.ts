import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Endpoints, OpenProbe, Probe, Reading } from '../ports.ts'

export type Sampling = {
  /** Ends once the samples under way are done; rejects when `onReading` threw. */
  stop(): Promise<void>
  /** What sampling has cost so far. */
  cost(): SamplingCost
}

export type SamplingCost = {
  readonly elapsedMs: number
  /** CPU of this whole process while it sampled: an upper bound of the probes' share. */
  readonly processCpuMs: number
  readonly probes: readonly Readonly<ProbeCost>[]
}

type ProbeCost = {
  readonly name: string
  samples: number
  /** Samples (or openings) that failed. */
  failures: number
  /** Beats left out because the sample before them took too long. */
  skipped: number
  /** Time from asking for samples to having them, all together. */
  sampleMs: number
}

type Beat = {
  readonly probe: Probe
  readonly endpoints: Endpoints
  readonly clock: Clock
  readonly onReading: (reading: Reading) => void
  readonly cost: ProbeCost
  readonly stopping: AbortSignal
}

/**
 * Runs each probe at its interval until stopped. Beats lie on a grid from the start, so intervals do not drift; a sample
 * that takes longer than its interval makes the next beats be left out, never overlap. A probe that fails is tried again.
 * Resolves when every probe has been opened (or has failed to), so that load can begin.
 */
export async function startSampling(
  probes: readonly Probe[],
  endpoints: Endpoints,
  clock: Clock,
  onReading: (reading: Reading) => void,
): Promise<Sampling> {
  const startUs = clock.nowUs()
  const cpuBefore = process.cpuUsage()
  const stopping = new AbortController()
  const beats = probes.map((probe): Beat => {
    const cost = { name: probe.name, samples: 0, failures: 0, skipped: 0, sampleMs: 0 }
    return { probe, endpoints, clock, onReading, cost, stopping: stopping.signal }
  })
  const opened = await Promise.all(beats.map(tryOpen))
  // A listener that throws is a fault of ours, not of a probe: it comes out of `stop`, not as an unhandled rejection.
  const ended = Promise.all(beats.map((beat, i) => keepSampling(beat, opened[i] ?? null)))
  ended.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await ended
    },
    cost() {
      const { user, system } = process.cpuUsage(cpuBefore)
      return {
        elapsedMs: (clock.nowUs() - startUs) / 1000,
        processCpuMs: (user + system) / 1000,
        probes: beats.map(({ cost }) => ({ ...cost })),
      }
    },
  }
}

async function keepSampling(beat: Beat, first: OpenProbe | null): Promise<void> {
  const { probe, clock, cost, stopping } = beat
  const intervalUs = probe.intervalMs * 1000
  let open = first
  let dueUs = clock.nowUs()
  try {
    while (!stopping.aborted) {
      const beganUs = clock.nowUs()
      open ??= await tryOpen(beat)
      const readings = open ? await trySample(beat, open) : []
      for (const reading of readings) beat.onReading(reading)
      const nowUs = clock.nowUs()
      cost.sampleMs += (nowUs - beganUs) / 1000
      const passed = Math.max(1, Math.ceil((nowUs - dueUs) / intervalUs))
      cost.skipped += passed - 1
      dueUs += passed * intervalUs
      await delay(Math.max(0, (dueUs - nowUs) / 1000), undefined, { signal: stopping }).catch(() => {})
    }
  } finally {
    await open?.close().catch(() => {})
  }
}

async function tryOpen({ probe, endpoints, clock, cost }: Beat): Promise<OpenProbe | null> {
  try {
    return await probe.open(endpoints, clock)
  } catch {
    cost.failures++
    return null
  }
}

async function trySample({ cost }: Beat, open: OpenProbe): Promise<readonly Reading[]> {
  try {
    const readings = await open.sample()
    cost.samples++
    return readings
  } catch {
    cost.failures++
    return []
  }
}
