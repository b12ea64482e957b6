import { departures } from '../../../core/model/lindley.ts'
import { type Child, startChild } from './child.ts'
import type { QueueRequest } from './queue-server-process.ts'

/** A queue whose answer times are known, and the load it gets. */
export type QueueCase = {
  readonly name: string
  readonly servers: number
  readonly kind: 'exponential' | 'fixed'
  readonly serviceMs: number
  readonly utilisation: number
}

export const QUEUES: readonly QueueCase[] = [0.5, 0.8, 0.9].flatMap((utilisation) => [
  { name: 'M/M/1', servers: 1, kind: 'exponential', serviceMs: 8, utilisation },
  { name: 'M/D/1', servers: 1, kind: 'fixed', serviceMs: 8, utilisation },
  { name: 'M/M/4', servers: 4, kind: 'exponential', serviceMs: 32, utilisation },
])

/** Requests per second that keep the servers that busy. */
export function rateOf({ servers, serviceMs, utilisation }: QueueCase): number {
  return (utilisation * servers * 1000) / serviceMs
}

type Log = {
  readonly arrivedUs: readonly number[]
  readonly servicesUs: readonly number[]
  readonly leftUs: readonly number[]
  readonly frozenUs: readonly (readonly [fromUs: number, toUs: number])[]
}

export type Truth = {
  readonly requests: number
  /** Response times by the recursion over the arrivals that were logged, µs, ascending. */
  readonly responsesUs: readonly number[]
  /** How late the server itself answered, p99, µs: more than a little means that the machine was too busy to know. */
  readonly serverLateP99Us: number
  readonly frozenUs: Log['frozenUs']
}

type Freeze = { readonly atMs: number; readonly forMs: number }

export type Queue = {
  readonly url: string
  /** From now on it answers at once, until `begin`. */
  readonly warmUp: () => void
  /** Forgets whoever came before. */
  readonly begin: () => void
  /** May be asked once the load is over. */
  readonly truth: () => Promise<Truth>
  readonly end: () => void
}

/** Starts the server of a queue. */
export async function startQueue(
  queue: Pick<QueueCase, 'servers' | 'kind' | 'serviceMs'>,
  freezes: readonly Freeze[] = [],
): Promise<Queue> {
  const order = { ...queue, seed: 7, freezes }
  const child: Child<{ port: number }> = await startChild('./queue-server-process.ts', [
    JSON.stringify(order),
  ])
  const ask = (what: QueueRequest) => child.ask(what)
  return {
    url: `http://127.0.0.1:${child.said.port}`,
    warmUp: () => ask('warm-up'),
    begin: () => ask('begin'),
    end: child.end,
    truth: async () => {
      ask('log')
      const log = (await child.next()) as Log
      const left = departures(log.arrivedUs, log.servicesUs, queue.servers)
      const late = log.leftUs.map((us, i) => us - left[i]!).sort((a, b) => a - b)
      return {
        requests: log.arrivedUs.length,
        responsesUs: Array.from(left, (us, i) => us - log.arrivedUs[i]!).sort((a, b) => a - b),
        serverLateP99Us: quantile(late, 0.99),
        frozenUs: log.frozenUs,
      }
    },
  }
}

/** Nearest rank of ascending values. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}
