import { mean } from 'simple-statistics'
import { departures } from '../../core/model/lindley.ts'
import { md1ResponseQuantile, mmcResponseQuantile } from '../../core/model/queueing.ts'
import { STREAMS, sessionRandom } from '../../core/traffic/random.ts'
import type { Row } from '../row.ts'
import { QUEUES, type QueueCase, rateOf } from './testbed/queue-truth.ts'

const EVENTS = 10_000_000
/** At 0.9 one such simulation strays by some 1 % by chance (Whitt 1989, on how long to simulate a queue): the mean of eight by 0.4 %. */
const SIMULATIONS = 8
const QUANTILES = [0.5, 0.95, 0.99] as const
const WITHIN = 0.01

/** The recursion that the truth rests on, against the closed forms. */
export const RECURSION: Row = {
  name: 'the recursion against the closed form, 10 million events eight times',
  measure: async (bench) => {
    let worst = 0
    const notes = QUEUES.map((queue) => {
      const simulations = Array.from({ length: SIMULATIONS }, (_, seed) => {
        const responses = simulated(queue, bench.rounds === 1 ? EVENTS / 10 : EVENTS, seed)
        return QUANTILES.map((q) => responses[Math.ceil(q * responses.length) - 1]!)
      })
      const figures = QUANTILES.map((q, i) => {
        const ours = mean(simulations.map((quantiles) => quantiles[i]!))
        const exact = closedForm(queue, q)
        worst = Math.max(worst, Math.abs(ours / exact - 1))
        return `p${q * 100} ${ours.toFixed(4)} against ${exact.toFixed(4)}`
      })
      return `${queue.name} at ${queue.utilisation}: ${figures.join(', ')} s`
    })
    return [
      {
        what: 'the recursion against the closed form: worst of p50, p95, p99 of nine queues, 10 million events eight times',
        measured: worst * 100,
        unit: '% off',
        must: { atMost: WITHIN * 100 },
        notes,
      },
    ]
  },
}

function closedForm(queue: QueueCase, q: number): number {
  const serviceSec = queue.serviceMs / 1000
  return queue.kind === 'fixed'
    ? md1ResponseQuantile(rateOf(queue), serviceSec, q)
    : mmcResponseQuantile(queue.servers, rateOf(queue), 1 / serviceSec, q)
}

/** Response times of simulated arrivals, s, ascending. */
function simulated(queue: QueueCase, events: number, seed: number): Float64Array {
  const between = sessionRandom(seed, 0, STREAMS.arrivals)
  const serving = sessionRandom(seed, 0, STREAMS.choices)
  const perSec = rateOf(queue)
  const serviceSec = queue.serviceMs / 1000
  const arrivals = new Float64Array(events)
  const services = new Float64Array(events)
  let at = 0
  for (let i = 0; i < events; i++) {
    at += between.exponential() / perSec
    arrivals[i] = at
    services[i] = queue.kind === 'fixed' ? serviceSec : serving.exponential() * serviceSec
  }
  const left = departures(arrivals, services, queue.servers)
  for (let i = 0; i < events; i++) left[i]! -= arrivals[i]!
  return left.sort()
}
