import { median } from 'simple-statistics'
import { type Row, spread } from '../row.ts'
import { startChild } from './testbed/child.ts'
import { openGenerator } from './testbed/drive.ts'

const MUST = 2
const CLICKS_PER_SEC = 6000
const CLICKS_PER_JOURNEY = 3

/** CPU of a click inside a journey (cookies, one JSON pick, think time) over a bare request, at the same request rate. */
export const JOURNEY_COST: Row = {
  name: 'a click inside a journey over a bare request',
  measure: async (bench) => {
    const target = await startChild<{ port: number }>('./target-process.ts')
    const url = `http://127.0.0.1:${target.said.port}`
    const generator = await openGenerator()
    const ratios: number[] = []
    const clicks: number[] = []
    const bares: number[] = []
    const journey = { perSec: CLICKS_PER_SEC / CLICKS_PER_JOURNEY, journey: 'journey' as const, fillSec: 1 }
    const bare = { perSec: CLICKS_PER_SEC, journey: 'bare' as const }
    try {
      await generator.drive(url, { ...journey, sec: 2 })
      await generator.drive(url, { ...bare, sec: 2 })
      for (let seed = 0; seed < bench.rounds; seed++) {
        const click = (await generator.drive(url, { ...journey, sec: bench.sec, seed })).cpuUsPerRequest
        const request = (await generator.drive(url, { ...bare, sec: bench.sec, seed })).cpuUsPerRequest
        clicks.push(click)
        bares.push(request)
        ratios.push(click / request)
        bench.say(`round ${seed + 1}: ${click.toFixed(1)} µs against ${request.toFixed(1)} µs`)
      }
    } finally {
      await generator.close()
      target.end()
    }
    return [
      {
        what: `CPU of a click inside a journey (cookies, one JSON pick, think time) over a bare request, at ${CLICKS_PER_SEC.toLocaleString('en')}/s`,
        ...spread(ratios),
        unit: '×',
        must: { atMost: MUST },
        beside: { 'a click, µs': median(clicks), 'a bare request, µs': median(bares) },
      },
    ]
  },
}
