import { expect, test } from 'vitest'
import { readRun } from './run-data.ts'
import { buildRun, recordLines } from './testing/build-run.ts'
import { DEFAULT_TOPOLOGY, type Topology } from './topology.ts'

const run = buildRun({
  segments: [
    { perSec: 5, durationSec: 2 },
    { purpose: 'surge', perSec: 5, durationSec: 2 },
  ],
})

test('send lags by second belong to their segment, wherever in the record they stand', () => {
  const lag = { kind: 'send-lag', segment: 1, sec: 0, n: 2, lagUs: [120, 2] } as const
  const read = readRun([...recordLines(run), lag, { ...lag, sec: 1 }])!
  expect(read.segments.map(({ sendLags }) => sendLags.length)).toEqual([0, 2])
  expect(readRun(recordLines(read))).toEqual(read)
})

test('so do the keys that nobody answered', () => {
  const unknown = { kind: 'unknown-order', segment: 1, atUs: 7, key: 'k', route: 'POST /checkout' } as const
  const read = readRun([unknown, ...recordLines(run)])!
  expect(read.segments.map(({ unknownOrders }) => unknownOrders)).toEqual([[], [unknown]])
  expect(readRun(recordLines(read))).toEqual(read)
})

test('what the data was is known, or not, as in a record of before', () => {
  const data = { tables: [{ table: 'orders', rows: 40_000, bytes: 8e6 }], bytes: 9e6, cacheBytes: 128e6 }
  const read = readRun([...recordLines(run), { kind: 'data', atUs: 5, ...data }])!
  expect(read.data).toEqual(data)
  expect(readRun(recordLines(read))).toEqual(read)
  expect(run.data).toBeNull()
})

test('a topology of before has no replicas and no memory limit', () => {
  const { replicas: _1, replicaApplyDelayMs: _2, memoryMb: _3, ...before } = DEFAULT_TOPOLOGY.database
  const topology = { ...DEFAULT_TOPOLOGY, database: before } as Topology
  const lines = recordLines(run).map((line) => (line.kind === 'arm' ? { ...line, topology } : line))
  expect(readRun(lines)!.arms[0]!.topology).toEqual(DEFAULT_TOPOLOGY)
})

test('a record of before has none', () => {
  expect(run.segments.every(({ sendLags }) => sendLags.length === 0)).toBe(true)
})
