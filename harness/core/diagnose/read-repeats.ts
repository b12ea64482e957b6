import type { SeriesLine } from '../record.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import type { RepeatSignals } from './signals.ts'
import type { DiagnosisWindow } from './windows.ts'

/** Fewer requests than this say little of their mean: a page takes none to three connections, most of them one. */
const FEWEST_REQUESTS = 100
/** A queue for connections: the app is no longer calm. */
const QUEUE = 1
const WAIT_MS = 10
/** Readings are a second apart, give or take this much. */
const LATE_SEC = 0.3
/**
 * Of the requests, those that may go to other routes than in calm times. Where one takes at most three connections and
 * the mean is more than one, this much moves the mean by less than half.
 */
const OTHER_ROUTES = 0.2

type Work = {
  requests: number
  /** Times a connection was wanted: those it was given, and those still waited for. */
  wanted: number
  answers: number
  calls: number | null
  readonly byRoute: Map<string, number>
}

/**
 * What the app asked of the database for each request, from the beginning of the windows' segments (a page is worked on
 * in the second it was asked for, or later) and in the calm seconds before; `null`: it was not measured, there were too
 * few requests, others than in calm times, or the app keeps pages (a kept page asks nothing of the database).
 */
export function readRepeats(
  { series, segments }: Pick<RunData, 'series' | 'segments'>,
  windows: readonly DiagnosisWindow[],
): RepeatSignals | null {
  const lastUs = Math.max(...windows.map(({ toUs }) => toUs))
  const readings = series.filter(({ atUs }) => atUs <= lastUs + 1e6)
  if (readings.some(({ values }) => (values['cacheHitsPerSec'] ?? 0) > 0)) return null
  const spans = elapsed(readings)
  const calm = nothing()
  const limit = nothing()
  for (const segment of segments) {
    const { startUs } = segment.line
    const seen = windows.filter(({ fromUs, toUs }) => fromUs < segmentEndUs(segment) && toUs > startUs)
    const untilUs = seen.length > 0 ? Math.max(...seen.map(({ toUs }) => toUs)) : null
    const requests = requestsBySecond(segment)
    const firstUs = startUs + Math.min(0, ...requests.keys()) * 1e6
    const own = readings.filter(
      ({ atUs }) => atUs > firstUs && atUs <= Math.min(untilUs ?? lastUs, segmentEndUs(segment)) + 0.5e6,
    )
    if (untilUs !== null) {
      limit.wanted += waitingAt(readings, untilUs + 0.5e6) - waitingAt(readings, firstUs)
      for (const [sec, routes] of requests)
        if (startUs + (sec + 0.5) * 1e6 < untilUs) addRequests(limit, routes)
      for (const reading of own) addWork(limit, reading, spans)
    }
    for (const [sec, second] of bySecond(own, startUs)) {
      const app = second.filter(({ probe }) => probe === 'app')
      const middleUs = startUs + (sec + 0.5) * 1e6
      if (windows.some(({ fromUs, toUs }) => middleUs >= fromUs && middleUs < toUs)) continue
      if (app.length === 0 || !app.every((reading) => isCalm(reading, spans))) continue
      addRequests(calm, requests.get(sec) ?? new Map())
      for (const reading of second) addWork(calm, reading, spans)
    }
  }
  if (calm.requests < FEWEST_REQUESTS || limit.requests < FEWEST_REQUESTS || calm.wanted === 0) return null
  if (distance(calm.byRoute, limit.byRoute) > OTHER_ROUTES) return null
  return {
    wanted: limit.wanted / limit.requests,
    calmWanted: calm.wanted / calm.requests,
    calls: callsAnAnswer(limit),
    calmCalls: callsAnAnswer(calm),
  }
}

function nothing(): Work {
  return { requests: 0, wanted: 0, answers: 0, calls: null, byRoute: new Map() }
}

function callsAnAnswer({ calls, answers }: Work): number | null {
  return calls === null || answers === 0 ? null : calls / answers
}

function segmentEndUs({ line, end }: SegmentData): number {
  return end?.atUs ?? line.startUs + (line.plan.curve.at(-1)?.atSec ?? 0) * 1e6
}

function requestsBySecond({ slots }: SegmentData): ReadonlyMap<number, ReadonlyMap<string, number>> {
  const seconds = new Map<number, Map<string, number>>()
  for (const { of, sec, route, n } of slots) {
    if (of !== 'attempt') continue
    const routes = seconds.get(sec) ?? new Map<string, number>()
    routes.set(route, (routes.get(route) ?? 0) + n)
    seconds.set(sec, routes)
  }
  return seconds
}

/** Seconds since the previous reading of the same component: rates are over these. */
function elapsed(readings: readonly SeriesLine[]): ReadonlyMap<SeriesLine, number> {
  const before = new Map<string, number>()
  const spans = new Map<SeriesLine, number>()
  for (const reading of readings) {
    if (reading.probe !== 'app') continue
    const last = before.get(reading.component)
    spans.set(reading, last === undefined ? 1 : (reading.atUs - last) / 1e6)
    before.set(reading.component, reading.atUs)
  }
  return spans
}

function bySecond(
  readings: readonly SeriesLine[],
  startUs: number,
): ReadonlyMap<number, readonly SeriesLine[]> {
  const seconds = new Map<number, SeriesLine[]>()
  for (const reading of readings) {
    const sec = Math.round((reading.atUs - startUs) / 1e6) - 1
    seconds.set(sec, [...(seconds.get(sec) ?? []), reading])
  }
  return seconds
}

function isCalm(reading: SeriesLine, spans: ReadonlyMap<SeriesLine, number>): boolean {
  const { poolAcquiresPerSec, poolWaiting = 0, poolWaitMsMean = 0 } = reading.values
  // One that was late tells of other seconds too.
  const ofItsSecond = Math.abs((spans.get(reading) ?? 0) - 1) <= LATE_SEC
  return poolAcquiresPerSec !== undefined && ofItsSecond && poolWaiting < QUEUE && poolWaitMsMean < WAIT_MS
}

function waitingAt(readings: readonly SeriesLine[], atUs: number): number {
  const last = new Map<string, number>()
  for (const { atUs: readUs, probe, component, values } of readings)
    if (probe === 'app' && readUs <= atUs) last.set(component, values['poolWaiting'] ?? 0)
  return [...last.values()].reduce((sum, waiting) => sum + waiting, 0)
}

function addRequests(work: Work, routes: ReadonlyMap<string, number>): void {
  for (const [route, n] of routes) {
    work.requests += n
    work.byRoute.set(route, (work.byRoute.get(route) ?? 0) + n)
  }
}

function addWork(work: Work, reading: SeriesLine, spans: ReadonlyMap<SeriesLine, number>): void {
  const span = spans.get(reading) ?? 0
  work.wanted += (reading.values['poolAcquiresPerSec'] ?? 0) * span
  work.answers += (reading.values['requestsPerSec'] ?? 0) * span
  if (reading.statements)
    work.calls = reading.statements.reduce((sum, { calls }) => sum + calls, work.calls ?? 0)
}

/** Share of the requests that would have to go elsewhere to make one mix of routes the other (total variation). */
function distance(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  const total = (mix: ReadonlyMap<string, number>) => [...mix.values()].reduce((sum, n) => sum + n, 0)
  const [all, others] = [total(one), total(other)]
  const routes = new Set([...one.keys(), ...other.keys()])
  return [...routes].reduce(
    (sum, route) => sum + Math.abs((one.get(route) ?? 0) / all - (other.get(route) ?? 0) / others) / 2,
    0,
  )
}
