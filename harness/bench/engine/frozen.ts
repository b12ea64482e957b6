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
      // A server that did not freeze as told has measured nothing.
      const off = frozenUs.length === periods ? Math.abs(ours / truth - 1) * 100 : Number.NaN
      return [
        {
          what: 'a server frozen 3 s in every 10 s: our p99 against the truth',
          measured: off,
          unit: '% off',
          must: { atMost: WITHIN * 100 },
          beside: { 'ours, ms': ours / 1000, 'truth, ms': truth / 1000, ...others.figures },
          notes: others.why,
        },
      ]
    } finally {
      await generator.close()
      server.end()
    }
  },
}

/** What closed-loop tools say of the same server: they stop asking while it stands still. */
async function closedLoops(
  freezes: readonly { atMs: number; forMs: number }[],
): Promise<{ readonly figures: Readonly<Record<string, number>>; readonly why: readonly string[] }> {
  const station = { servers: 1, kind: 'fixed', serviceMs: 0.2 } as const
  const first = await startQueue(station, freezes)
  const cannon = await startChild<{ p99Ms: number }>('./autocannon-process.ts', [first.url, '10', '10'])
  first.end()
  const second = await startQueue(station, freezes)
  const hey = await toolFigure('hey', ['-z', '10s', '-c', '10', second.url], /99% in ([\d.]+) secs/)
  second.end()
  return {
    figures: { 'autocannon says, ms': cannon.said.p99Ms, 'hey says, ms': hey.figure * 1000 },
    why: hey.why,
  }
}
