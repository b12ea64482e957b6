import { fromPairs, type Histogram, quantileUs } from '../../core/measure/histogram.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { openGenerator } from './testbed/drive.ts'
import { QUEUES, type QueueCase, quantile, rateOf, startQueue } from './testbed/queue-truth.ts'

const QUANTILES = [0.5, 0.95, 0.99] as const
/** Either is near enough: 3 %, or a millisecond, which is how fine a timer is. */
const WITHIN_RATIO = 0.03
const WITHIN_US = 1000
/** A server that answers later than this itself shows a machine too busy for the comparison. */
const SERVER_LATE_US = 1000
const TRIES = 3

type Compared = {
  readonly requests: number
  readonly sent: number
  readonly quantiles: readonly { readonly q: number; readonly oursUs: number; readonly truthUs: number }[]
  /** Median of the send lag, which response times hold and the recursion does not, µs. */
  readonly sendLagP50Us: number
  /** The worst quantile of service times, sent to done, in the same way as `worst`. */
  readonly worstOfService: number
  /** The worst quantile: how far off, as a share of what is allowed (1 = just within). */
  readonly worst: number
  readonly serverLateP99Us: number
}

/** Drives one queue for some seconds and holds the engine's response times against Lindley's recursion. */
async function compareWithTruth(queue: QueueCase, sec: number, seed: number): Promise<Compared> {
  const generator = await openGenerator()
  const server = await startQueue(queue)
  try {
    const driven = await generator.drive(server.url, { perSec: rateOf(queue), sec, journey: 'bare', seed })
    const truth = await server.truth()
    const timesOf = (kind: 'click' | 'attempt') => {
      const slots = driven.slots.filter(({ of, outcome }) => of === kind && outcome === 'ok')
      return fromPairs(...slots.map(({ timesUs }) => timesUs))
    }
    const compare = (times: Histogram) =>
      QUANTILES.map((q) => ({
        q,
        oursUs: quantileUs(times, q) ?? Number.NaN,
        truthUs: quantile(truth.responsesUs, q),
      }))
    const ours = timesOf('click')
    const quantiles = compare(ours)
    return {
      requests: truth.requests,
      sent: ours.totalCount,
      quantiles,
      worst: worstOf(quantiles),
      worstOfService: worstOf(compare(timesOf('attempt'))),
      sendLagP50Us: quantileUs(fromPairs(driven.end.sendLagUs), 0.5) ?? Number.NaN,
      serverLateP99Us: truth.serverLateP99Us,
    }
  } finally {
    await generator.close()
    server.end()
  }
}

/** How far off the worst quantile is, as a share of what is allowed. */
function worstOf(quantiles: Compared['quantiles']): number {
  return Math.max(
    ...quantiles.map(
      ({ oursUs, truthUs }) => Math.abs(oursUs - truthUs) / Math.max(WITHIN_US, WITHIN_RATIO * truthUs),
    ),
  )
}

/** The same, again when the server itself was late; the comparison with the least of that counts. */
export async function believableComparison(queue: QueueCase, sec: number): Promise<Compared> {
  let best: Compared | null = null
  for (let seed = 1; seed <= TRIES; seed++) {
    const compared = await compareWithTruth(queue, sec, seed)
    if (!best || compared.serverLateP99Us < best.serverLateP99Us) best = compared
    if (compared.serverLateP99Us <= SERVER_LATE_US) break
  }
  return best!
}

/** Our response times against queues whose answer is known. */
export const TRUTH: Row = {
  name: 'truth: M/M/1, M/D/1 and M/M/4 at 0.5, 0.8 and 0.9',
  measure: async (bench: Bench): Promise<readonly Figure[]> => {
    const figures: Figure[] = []
    for (const queue of QUEUES) {
      const compared = await believableComparison(queue, bench.sec * 4)
      const { quantiles, sent, requests, sendLagP50Us, worst, worstOfService } = compared
      const times = quantiles.map(
        ({ q, oursUs, truthUs }) =>
          `p${q * 100} ${(oursUs / 1000).toFixed(1)} of ${(truthUs / 1000).toFixed(1)} ms`,
      )
      bench.say(`${queue.name} at ${queue.utilisation}: ${(worst * 100).toFixed(0)} %, ${times.join(', ')}`)
      figures.push({
        what: `response times of ${queue.name} at ${queue.utilisation} against the recursion over the same arrivals, as a share of 3 % or 1 ms`,
        // Requests that are missing on either side would make the comparison one of different things.
        measured: sent === requests ? worst * 100 : Number.NaN,
        unit: '%',
        must: { atMost: 100 },
        beside: {
          'service times, %': worstOfService * 100,
          'send lag p50, ms': sendLagP50Us / 1000,
          requests,
        },
        notes: [times.join(', ')],
      })
    }
    return figures
  },
}
