import { median } from 'simple-statistics'
import { startChild } from '../engine/testbed/child.ts'
import { openGenerator } from '../engine/testbed/drive.ts'
import { type Bench, type Figure, type Row, spread } from '../row.ts'
import { cpuUsOf } from './testbed/cpu-of.ts'
import { CANDIDATES, type Candidate, openBalancers } from './testbed/open-balancers.ts'

/** The bound; the trial before it was built: bare node:http and undici 56 µs against HAProxy's 20. */
const MUST = 5

/** The same open-loop load through each balancer in turn, before the same server. */
function cpuAgainstHaproxy(perSec: number): Row {
  const name = `CPU per request of the embedded balancer at ${perSec.toLocaleString('en')}/s against HAProxy's`
  return {
    name,
    measure: async (bench) => [{ what: name, ...figureOf(await measureAll(bench, perSec)) }],
  }
}

/** A rehearsal's load, and one at which idle wake-ups no longer count. */
export const CPU_AT_1K = cpuAgainstHaproxy(1000)
export const CPU_AT_5K = cpuAgainstHaproxy(5000)

type Costs = Readonly<Record<Candidate, readonly number[]>>

async function measureAll(bench: Bench, perSec: number): Promise<Costs> {
  const target = await startChild<{ port: number }>('./target-process.ts')
  const balancers = await openBalancers(target.said.port)
  const generator = await openGenerator()
  const costs: Record<Candidate, number[]> = {
    embedded: [],
    HAProxy: [],
    'HAProxy telling requests': [],
    bare: [],
  }
  const measure = async (candidate: Candidate, sec: number, seed: number): Promise<number> => {
    const { url, pid } = balancers[candidate]
    const beforeUs = cpuUsOf(pid)
    const driven = await generator.drive(url, { perSec, sec, journey: 'bare', seed })
    const usedUs = cpuUsOf(pid) - beforeUs
    if (driven.okRatio < 0.99)
      throw new Error(
        `only ${(driven.okRatio * 100).toFixed(1)} % of the clicks through ${candidate} were answered`,
      )
    return usedUs / driven.end.attemptsSent
  }
  try {
    // Compilers first: the same for all, though HAProxy has none.
    for (const candidate of CANDIDATES) await measure(candidate, 2, 0)
    for (let round = 0; round < bench.rounds; round++) {
      const figures: string[] = []
      for (const candidate of turned(CANDIDATES, round)) {
        const us = await measure(candidate, bench.sec, round + 1)
        costs[candidate].push(us)
        figures.push(`${candidate} ${us.toFixed(1)} µs`)
      }
      bench.say(`round ${round + 1}: ${figures.join(', ')}`)
    }
  } finally {
    await generator.close()
    await balancers.close()
    target.end()
  }
  return costs
}

function figureOf(costs: Costs): Omit<Figure, 'what'> {
  const middle = (candidate: Candidate): number => median([...costs[candidate]])
  return {
    ...spread(costs.embedded.map((us, round) => us / costs.HAProxy[round]!)),
    unit: '×',
    must: { atMost: MUST },
    beside: {
      'embedded, µs': middle('embedded'),
      'HAProxy, µs': middle('HAProxy'),
      'HAProxy as rehearsals run it (it tells each request), µs': middle('HAProxy telling requests'),
      'bare node:http and undici, µs': middle('bare'),
    },
  }
}

/** Another one is first in each round: what a machine does over minutes must not always hit the same. */
function turned<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
