import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import { arrivals } from '../../core/traffic/arrivals.ts'
import type { Row } from '../row.ts'
import { startChild } from './testbed/child.ts'
import { openGenerator } from './testbed/drive.ts'
import { quantile, startQueue } from './testbed/queue-truth.ts'
import { toolFigure } from './testbed/tools.ts'

const WITHIN = 0.03
const PER_SEC = 200
const FROZEN_MS = 3000
const EVERY_MS = 10_000

/** A server that stands still for 3 s in every 10 s: shoppers keep coming, and who comes then waits. */
export const FROZEN: Row = {
  name: 'a server frozen 3 s in every 10 s',
  must: `p99 within ${WITHIN * 100} % of the truth`,
  measure: async (bench) => {
    const periods = bench.rounds === 1 ? 1 : 3
    const freezes = (count: number, firstMs: number) =>
      Array.from({ length: count }, (_, i) => ({ atMs: firstMs + i * EVERY_MS, forMs: FROZEN_MS }))
    const station = { servers: 1, kind: 'fixed', serviceMs: 0.2 } as const
    const generator = await openGenerator()
    const server = await startQueue(station, freezes(periods, 4000))
    try {
      const sec = periods * (EVERY_MS / 1000)
      const { slots, startUs, end } = await generator.drive(server.url, {
        perSec: PER_SEC,
        sec,
        journey: 'bare',
      })
      const { frozenUs } = await server.truth()
      const clicks = slots.filter(({ of, outcome }) => of === 'click' && outcome === 'ok')
      const ours = quantileUs(fromPairs(...clicks.map(({ timesUs }) => timesUs)), 0.99) ?? Number.NaN
      // Both clocks are the machine's: what the server says of itself and when shoppers came can be laid side by side.
      const t0Us = Number(generator.clock.t0Ns / 1000n)
      const curve = [
        { atSec: 0, perSec: PER_SEC },
        { atSec: end.durationSec, perSec: PER_SEC },
      ]
      const waits = [...arrivals(curve, 1, 0)].map(({ atUs }) => {
        const cameUs = t0Us + startUs + atUs
        const frozen = frozenUs.find(([from, to]) => cameUs >= from && cameUs < to)
        return station.serviceMs * 1000 + (frozen ? frozen[1] - cameUs : 0)
      })
      const truth = quantile(
        waits.sort((a, b) => a - b),
        0.99,
      )
      const others = await closedLoops(freezes(1, 4000))
      return {
        figure: `${(ours / 1000).toFixed(0)} of ${(truth / 1000).toFixed(0)} ms, ${(Math.abs(ours / truth - 1) * 100).toFixed(1)} % off`,
        met: Math.abs(ours / truth - 1) <= WITHIN && frozenUs.length === periods,
        beside: [`closed loops on such a server say: ${others.join(', ')}`],
      }
    } finally {
      await generator.close()
      server.end()
    }
  },
}

/** What closed-loop tools say of the same server: they stop asking while it stands still. */
async function closedLoops(freezes: readonly { atMs: number; forMs: number }[]): Promise<readonly string[]> {
  const station = { servers: 1, kind: 'fixed', serviceMs: 0.2 } as const
  const said: string[] = []
  const first = await startQueue(station, freezes)
  const cannon = await startChild<{ p99Ms: number }>('./autocannon-process.ts', [first.url, '10', '10'])
  said.push(`autocannon p99 ${cannon.said.p99Ms} ms`)
  first.end()
  const second = await startQueue(station, freezes)
  const hey = await toolFigure('hey', ['-z', '10s', '-c', '10', second.url], /99% in ([\d.]+) secs/)
  said.push(hey.found === null ? `hey: ${hey.why}` : `hey p99 ${Math.round(hey.found * 1000)} ms`)
  second.end()
  return said
}
