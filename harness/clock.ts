import { performance } from 'node:perf_hooks'
import type { Clock } from './ports.ts'

/** The run's clock: microseconds since t0 on the machine's monotonic clock, the same in every local process. */
export function startClock(t0Ns: bigint = process.hrtime.bigint()): Clock {
  // performance.now() reads the same clock from another origin, without making a BigInt each time: the engine asks for
  // the time several times in every request.
  const originUs = Number(process.hrtime.bigint() - t0Ns) / 1000 - performance.now() * 1000
  return { t0Ns, nowUs: () => Math.floor(performance.now() * 1000 + originUs) }
}
