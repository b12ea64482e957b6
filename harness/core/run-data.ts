import { completeTopology } from './complete-topology.ts'
import type {
  ArmFailedLine,
  ArmLine,
  AttachedLine,
  DataFacts,
  EndLine,
  EventLine,
  HeaderLine,
  InvariantLine,
  InvariantSampleLine,
  OrderLine,
  RecordLine,
  SegmentEndLine,
  SegmentLine,
  SendLagLine,
  SeriesLine,
  SlotLine,
  UnknownOrderLine,
  WatchedLine,
} from './record.ts'

/** A record, sorted into what belongs together. Still only facts. */
export type RunData = {
  readonly header: HeaderLine
  readonly arms: readonly ArmLine[]
  /** Empty in old records. */
  readonly armFailures: readonly ArmFailedLine[]
  /** `null`: Doorbuster started the system. */
  readonly attached: AttachedLine | null
  /** `null`: the load was ours. */
  readonly watched: WatchedLine | null
  /** `null`: not known, as in old records. */
  readonly data: DataFacts | null
  readonly segments: readonly SegmentData[]
  readonly series: readonly SeriesLine[]
  readonly events: readonly EventLine[]
  readonly invariants: readonly InvariantLine[]
  /** In the order they were taken; empty in old records. */
  readonly invariantSamples: readonly InvariantSampleLine[]
  /** `null`: the command did not get to its end. */
  readonly end: EndLine | null
}

export type SegmentData = {
  readonly line: SegmentLine
  readonly slots: readonly SlotLine[]
  /** By second; empty in old records. */
  readonly sendLags: readonly SendLagLine[]
  readonly orders: readonly OrderLine[]
  /** Keys of requests that nobody answered; empty in old records. */
  readonly unknownOrders: readonly UnknownOrderLine[]
  /** Readings taken while the segment ran. */
  readonly series: readonly SeriesLine[]
  /** `null`: the segment did not get to its end. */
  readonly end: SegmentEndLine | null
}

/** Sorts the lines of a record. Lines may come in any order after the header; a record without one is no record. */
export function readRun(lines: Iterable<RecordLine>): RunData | null {
  let header: HeaderLine | null = null
  let end: EndLine | null = null
  let data: DataFacts | null = null
  let attached: AttachedLine | null = null
  let watched: WatchedLine | null = null
  const arms: ArmLine[] = []
  const armFailures: ArmFailedLine[] = []
  const segmentLines: SegmentLine[] = []
  const ends = new Map<number, SegmentEndLine>()
  const slots = new Map<number, SlotLine[]>()
  const sendLags = new Map<number, SendLagLine[]>()
  const orders = new Map<number, OrderLine[]>()
  const unknownOrders = new Map<number, UnknownOrderLine[]>()
  const series: SeriesLine[] = []
  const events: EventLine[] = []
  const invariants: InvariantLine[] = []
  const invariantSamples: InvariantSampleLine[] = []
  for (const line of lines) {
    switch (line.kind) {
      case 'header':
        header = line
        break
      case 'arm':
        arms.push({ ...line, topology: line.topology && completeTopology(line.topology) })
        break
      case 'arm-failed':
        armFailures.push(line)
        break
      case 'attached':
        attached = line
        break
      case 'watched':
        watched = line
        break
      case 'data':
        data = { tables: line.tables, bytes: line.bytes, cacheBytes: line.cacheBytes }
        break
      case 'segment':
        segmentLines.push(line)
        break
      case 'segment-end':
        ends.set(line.segment, line)
        break
      case 'slot':
        listOf(slots, line.segment).push(line)
        break
      case 'send-lag':
        listOf(sendLags, line.segment).push(line)
        break
      case 'order':
        listOf(orders, line.segment).push(line)
        break
      case 'unknown-order':
        listOf(unknownOrders, line.segment).push(line)
        break
      case 'series':
        series.push(line)
        break
      case 'event':
        events.push(line)
        break
      case 'invariant':
        invariants.push(line)
        break
      case 'invariant-sample':
        invariantSamples.push(line)
        break
      case 'end':
        end = line
        break
    }
  }
  if (!header) return null
  series.sort((a, b) => a.atUs - b.atUs)
  const segments = segmentLines.map((line): SegmentData => {
    const segmentEnd = ends.get(line.segment) ?? null
    const untilUs = segmentEnd?.atUs ?? Number.POSITIVE_INFINITY
    return {
      line,
      slots: slots.get(line.segment) ?? [],
      sendLags: sendLags.get(line.segment) ?? [],
      orders: orders.get(line.segment) ?? [],
      unknownOrders: unknownOrders.get(line.segment) ?? [],
      series: series.filter((reading) => reading.atUs >= line.startUs && reading.atUs <= untilUs),
      end: segmentEnd,
    }
  })
  return {
    header,
    arms,
    armFailures,
    attached,
    watched,
    data,
    segments,
    series,
    events,
    invariants,
    invariantSamples,
    end,
  }
}

function listOf<Key, Value>(map: Map<Key, Value[]>, key: Key): Value[] {
  let list = map.get(key)
  if (!list) {
    list = []
    map.set(key, list)
  }
  return list
}
