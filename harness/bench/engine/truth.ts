import { median } from 'simple-statistics'
import { fromPairs, type Histogram, quantileUs } from '../../core/measure/histogram.ts'
import { type Bench, type Figure, type Row, spread } from '../row.ts'
import { openGenerator } from './testbed/drive.ts'
import { QUEUES, type QueueCase, quantile, rateOf, startQueue } from './testbed/queue-truth.ts'

const QUANTILES = [0.5, 0.95, 0.99] as const
/** Either is near enough: 3 %, or a millisecond, which is how fine a timer is. */
const WITHIN_RATIO = 0.03
const WITHIN_US = 1000
/** A server that answers later than this itself shows a machine too busy for the comparison. */
const SERVER_LATE_US = 1000
const TRIES = 3
/** Code that has not run yet is compiled on the way: the first seconds of a queue would tell of that. */
const WARM_UP = { perSec: 1000, sec: 3, journey: 'bare' } as const

type Compared = {
  readonly requests: number
  readonly sent: number
  readonly quantiles: readonly QuantilePair[]
  /** The same of service times, sent to done. */
  readonly ofService: readonly QuantilePair[]
  /** Median of the send lag, which response times hold and the recursion does not, µs. */
  readonly sendLagP50Us: number
  readonly serverLateP99Us: number
}

type QuantilePair = { readonly q: number; readonly oursUs: number; readonly truthUs: number }

/** Drives one queue for some seconds and holds the engine's response times against Lindley's recursion. */
async function compareWithTruth(queue: QueueCase, sec: number, seed: number): Promise<Compared> {
  const generator = await openGenerator()
  const server = await startQueue(queue)
  try {
    server.warmUp()
    await generator.drive(server.url, WARM_UP)
    server.begin()
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
    return {
      requests: truth.requests,
      sent: ours.totalCount,
      quantiles: compare(ours),
      ofService: compare(timesOf('attempt')),
      sendLagP50Us: quantileUs(fromPairs(driven.end.sendLagUs), 0.5) ?? Number.NaN,
      serverLateP99Us: truth.serverLateP99Us,
    }
  } finally {
    await generator.close()
    server.end()
  }
}

/** How far off a quantile is, as a share of what is allowed (1 = just within). */
export function shareOfAllowed({ oursUs, truthUs }: QuantilePair): number {
  return Math.abs(oursUs - truthUs) / Math.max(WITHIN_US, WITHIN_RATIO * truthUs)
}

/** The same, again when the server itself was late; the comparison with the least of that counts. */
export async function believableComparison(queue: QueueCase, sec: number, round = 0): Promise<Compared> {
  let best: Compared | null = null
  for (let retry = 0; retry < TRIES; retry++) {
    const compared = await compareWithTruth(queue, sec, round * TRIES + retry + 1)
    if (!best || compared.serverLateP99Us < best.serverLateP99Us) best = compared
    if (compared.serverLateP99Us <= SERVER_LATE_US) break
  }
  return best!
}

/** Each quantile's share of what is allowed in every round; the quantile whose median is the worst. */
function worstQuantile(rounds: readonly (readonly QuantilePair[])[]): readonly number[] {
  const ofQuantile = QUANTILES.map((_, i) => rounds.map((quantiles) => shareOfAllowed(quantiles[i]!)))
  return ofQuantile.sort((a, b) => median(b) - median(a))[0]!
}

/** Our response times against queues whose answer is known. */
export const TRUTH: Row = {
  name: 'truth: M/M/1, M/D/1 and M/M/4 at 0.5, 0.8 and 0.9',
  measure: async (bench: Bench): Promise<readonly Figure[]> => {
    const figures: Figure[] = []
    for (const queue of QUEUES) {
      const rounds: Compared[] = []
      for (let round = 0; round < bench.rounds; round++)
        rounds.push(await believableComparison(queue, bench.sec * 2, round))
      const inPercent = (quantiles: (round: Compared) => readonly QuantilePair[]) =>
        spread(worstQuantile(rounds.map(quantiles)).map((share) => share * 100))
      const ours = inPercent(({ quantiles }) => quantiles)
      const times = rounds[0]!.quantiles.map(
        ({ q, oursUs, truthUs }) =>
          `p${q * 100} ${(oursUs / 1000).toFixed(1)} of ${(truthUs / 1000).toFixed(1)} ms`,
      )
      bench.say(
        `${queue.name} at ${queue.utilisation}: ${ours.measured.toFixed(0)} %, first: ${times.join(', ')}`,
      )
      figures.push({
        what: `response times of ${queue.name} at ${queue.utilisation} against the recursion over the same arrivals, as a share of 3 % or 1 ms`,
        ...ours,
        // Requests that are missing on either side would make the comparison one of different things.
        ...(rounds.some(({ sent, requests }) => sent !== requests) && { measured: Number.NaN }),
        unit: '%',
        must: { atMost: 100 },
        beside: {
          'service times, %': inPercent(({ ofService }) => ofService).measured,
          'send lag p50, ms': median(rounds.map(({ sendLagP50Us }) => sendLagP50Us)) / 1000,
          requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
        },
        notes: [`the quantile that is worst at the median; the first round: ${times.join(', ')}`],
      })
    }
    return figures
  },
}
