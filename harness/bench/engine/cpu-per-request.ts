import { median } from 'simple-statistics'
import { type Bench, type Figure, type Row, spread } from '../row.ts'
import { startChild } from './testbed/child.ts'
import { openGenerator } from './testbed/drive.ts'

type Cannon = { readonly requests: number; readonly perSec: number; readonly cpuUsPerRequest: number }

/** CPU per request in open loop at a rate, against autocannon's closed loop on the same server, in turns. */
function cpuPerRequest(perSec: number, must: number, aim: number): Row {
  return {
    name: `CPU per request at ${perSec.toLocaleString('en')}/s against autocannon`,
    measure: async (bench) => [await compare(bench, perSec, must, aim)],
  }
}

export const CPU_AT_20K = cpuPerRequest(20_000, 1.6, 1)
export const CPU_AT_5K = cpuPerRequest(5000, 3, 2)

async function compare(bench: Bench, perSec: number, must: number, aim: number): Promise<Figure> {
  const target = await startChild<{ port: number }>('./target-process.ts')
  const url = `http://127.0.0.1:${target.said.port}`
  const generator = await openGenerator()
  const ratios: number[] = []
  const ours: number[] = []
  const theirs: number[] = []
  const lags: number[] = []
  try {
    await generator.drive(url, { perSec, sec: 2, journey: 'bare' })
    for (let round = 0; round < bench.rounds; round++) {
      const driven = await generator.drive(url, { perSec, sec: bench.sec, journey: 'bare', seed: round })
      const cannon = await startChild<Cannon>('./autocannon-process.ts', [url, String(bench.sec)])
      if (driven.okRatio < 0.99)
        throw new Error(
          `only ${(driven.okRatio * 100).toFixed(1)} % of the clicks were answered: the server is the limit`,
        )
      ours.push(driven.cpuUsPerRequest)
      theirs.push(cannon.said.cpuUsPerRequest)
      lags.push(driven.sendLagP99Ms)
      ratios.push(driven.cpuUsPerRequest / cannon.said.cpuUsPerRequest)
      bench.say(
        `round ${round + 1}: ${driven.cpuUsPerRequest.toFixed(1)} µs against ${cannon.said.cpuUsPerRequest.toFixed(1)} µs at ${Math.round(cannon.said.perSec)}/s`,
      )
    }
  } finally {
    await generator.close()
    target.end()
  }
  const tick = await startChild<{ usPerTick: number; coreShare: number }>('./empty-tick-process.ts')
  return {
    what: `CPU per request at ${perSec.toLocaleString('en')}/s against autocannon`,
    ...spread(ratios),
    unit: '×',
    must: { atMost: must },
    aim,
    beside: {
      'ours, µs': median(ours),
      'autocannon at full speed, µs': median(theirs),
      'send lag p99, ms': median(lags),
      'an empty timer tick, µs': tick.said.usPerTick,
      'of it a request at this rate, ticking every millisecond, µs': (tick.said.coreShare * 1e6) / perSec,
    },
  }
}
