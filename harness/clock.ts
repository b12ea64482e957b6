import type { Clock } from './ports.ts'

/** The run's clock: microseconds since t0 on the machine's monotonic clock, the same in every local process. */
export function startClock(t0Ns: bigint = process.hrtime.bigint()): Clock {
  return { t0Ns, nowUs: () => Number((process.hrtime.bigint() - t0Ns) / 1000n) }
}
