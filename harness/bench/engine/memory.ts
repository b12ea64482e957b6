import type { Row } from '../row.ts'
import { startChild } from './testbed/child.ts'

const REQUESTS = 10_000_000
const MUST_RSS_MB = 250
const MUST_RECORD_MB = 40

type Footprint = {
  readonly requests: number
  readonly slots: number
  readonly engineMb: number
  readonly harnessMb: number
  readonly recordMb: number
}

/** What an hour of ten million requests takes of memory, in the engine and beside its record, and of the disk. */
export const MEMORY: Row = {
  name: 'ten million requests, 20 routes, an hour of slots',
  measure: async (bench) => {
    // A tenth of the requests in a tenth of the time: as many in each second, ten times fewer slots.
    const share = bench.rounds === 1 ? 0.1 : 1
    const order = [String(REQUESTS * share), String(3600 * share)]
    const child = await startChild<Footprint>('./record-process.ts', order)
    const { requests, slots, engineMb, harnessMb, recordMb } = child.said
    // Fewer requests would have needed less.
    const whole = requests >= 0.98 * REQUESTS * share
    const beside = { requests, 'slot lines': slots }
    return [
      {
        what: 'RSS with ten million requests, 20 routes, an hour of slots',
        measured: whole ? Math.max(engineMb, harnessMb) : Number.NaN,
        unit: 'MB',
        must: { atMost: MUST_RSS_MB },
        beside: { 'engine, MB': engineMb, 'harness, MB': harnessMb, ...beside },
      },
      {
        what: 'record of the same',
        measured: whole ? recordMb / share : Number.NaN,
        unit: 'MB',
        must: { atMost: MUST_RECORD_MB },
        beside,
      },
    ]
  },
}
