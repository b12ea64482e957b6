import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What the engine measures of itself. */
export interface SelfMeter {
  /** CPU time used so far, user and system, µs. */
  cpuUs(): number
  /** p99 of the event loop's delay since the last call, ms. */
  takeLoopDelayP99Ms(): number
  close(): void
}

const RESOLUTION_MS = 20

/** Meters this process. The loop's delay is sampled by a timer, whose own period is taken off. */
export function selfMeter(): SelfMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  return {
    cpuUs: () => {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    takeLoopDelayP99Ms: () => {
      const p99Ms = delay.percentile(99) / 1e6 - RESOLUTION_MS
      delay.reset()
      return Number.isFinite(p99Ms) ? Math.max(0, p99Ms) : 0
    },
    close: () => delay.disable(),
  }
}
