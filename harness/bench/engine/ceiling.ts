import { type Row, spread } from '../row.ts'
import { startChild } from './testbed/child.ts'
import { openGenerator } from './testbed/drive.ts'
import { toolFigure } from './testbed/tools.ts'

const MUST_PER_SEC = 20_000
const AIM_PER_SEC = 40_000
const LAG_P99_MS = 5
/** From rate to rate: the answer is within one of them. */
const GROWTH = 1.15
const PER_SEC = /Requests\/sec:\s+([\d.]+)/

/** Highest open-loop rate that one core sends on time, beside what closed-loop tools reach on the same server. */
export const CEILING: Row = {
  name: 'highest open-loop rate on one core',
  measure: async (bench) => {
    const target = await startChild<{ port: number }>('./target-process.ts')
    const url = `http://127.0.0.1:${target.said.port}`
    const generator = await openGenerator()
    const reached: number[] = []
    try {
      await generator.drive(url, { perSec: 10_000, sec: 2, journey: 'bare' })
      for (let round = 0; round < bench.rounds; round++) {
        let best = 0
        for (let perSec = 12_000; perSec < 100_000; perSec = Math.round(perSec * GROWTH)) {
          const { sendLagP99Ms, okRatio } = await generator.drive(url, {
            perSec,
            sec: 3,
            journey: 'bare',
            seed: round,
          })
          if (sendLagP99Ms > LAG_P99_MS || okRatio < 0.99) break
          best = perSec
        }
        bench.say(`round ${round + 1}: ${best}/s`)
        reached.push(best)
      }
      const cannon = await startChild<{ perSec: number }>('./autocannon-process.ts', [url, '3'])
      const wrk = await toolFigure('wrk', ['-t1', '-c50', '-d3s', url], PER_SEC)
      const hey = await toolFigure('hey', ['-z', '3s', '-c', '50', '-cpus', '1', url], PER_SEC)
      return [
        {
          what: `highest open-loop rate on one core with send lag p99 ≤ ${LAG_P99_MS} ms`,
          ...spread(reached),
          unit: '/s',
          must: { atLeast: MUST_PER_SEC },
          aim: AIM_PER_SEC,
          beside: { autocannon: cannon.said.perSec, wrk: wrk.figure, hey: hey.figure },
          notes: ['the others in closed loop on the same server', ...wrk.why, ...hey.why],
        },
      ]
    } finally {
      await generator.close()
      target.end()
    }
  },
}
