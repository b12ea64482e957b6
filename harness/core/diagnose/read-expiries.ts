import { mean, median, quantile } from 'simple-statistics'
import type { SeriesLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import type { ExpirySignals } from './signals.ts'
import { statementLabel } from './statement-label.ts'
import type { DiagnosisWindow } from './windows.ts'

/** The rhythm of a cache is there long before it hurts: this much of the time before the first window is looked at too. */
const LOOK_BACK_US = 20_000_000
/** Of fewer pages than this a tenth is one or two: chance. */
const LEAST_ASKED = 20
/** A second in which pages expired: so many times the misses of a calm one, and no few of all that was asked. */
const DIP_FACTOR = 3
const DIP_LEAST_MISS_RATIO = 0.1
/** Readings are a second apart, and so is what two of them can differ by though the period is the same. */
const READING_SEC = 1
const SHORTEST_PERIOD_SEC = 3 * READING_SEC
/** Of the times from one dip to the next, those that must be the period, or some periods where a dip was not seen. */
const IN_RHYTHM = 0.75

type Second = { asked: number; misses: number; calls: Map<string, number>; busy: number | null }
type Seconds = ReadonlyMap<number, Second>

/**
 * When the app's cache lost many pages at once (a dip), and what the database did then and otherwise; `null`: the app's
 * cache was not read, or hardly asked. Readings are a second apart, so a period below 3 s is not seen.
 */
export function readExpiries(
  { series, segments }: Pick<RunData, 'series' | 'segments'>,
  windows: readonly DiagnosisWindow[],
): ExpirySignals | null {
  const firstUs = Math.min(...windows.map(({ fromUs }) => fromUs))
  const lastUs = Math.max(...windows.map(({ toUs }) => toUs))
  // Not beyond the beginning of its arm: there, servers were started anew, with nothing kept.
  const arm = segments.findLast(({ line }) => line.startUs <= firstUs)?.line.arm
  const armUs = segments.filter(({ line }) => line.arm === arm).map(({ line }) => line.startUs)
  const begunUs = Math.max(firstUs - LOOK_BACK_US, Math.min(firstUs, ...armUs))
  const seconds = secondsOf(series, { fromUs: begunUs, toUs: lastUs })
  // The rhythm is looked for between the windows too, which are often shorter than its period; what it costs is not.
  const counted = [...seconds].filter(([sec]) =>
    windows.some(({ fromUs, toUs }) => (sec + 1) * 1e6 > fromUs && sec * 1e6 < toUs),
  )
  const asked = [...seconds.values()].filter((one) => one.asked >= LEAST_ASKED)
  if (asked.length < 3) return null
  const calmMissRatio = quantile(asked.map(missRatio), 0.25)
  const lost = Math.max(DIP_LEAST_MISS_RATIO, DIP_FACTOR * calmMissRatio)
  const isDip = (second: Second | undefined) =>
    second !== undefined && second.asked >= LEAST_ASKED && missRatio(second) >= lost

  const dips = [...seconds.keys()]
    .filter((sec) => isDip(seconds.get(sec)) && !isDip(seconds.get(sec - 1)))
    .sort((one, other) => one - other)
  const during: Second[] = []
  const between: Second[] = []
  for (const [sec, second] of counted) {
    // Statements are counted when they end: those of a dip partly in the second after it.
    if (isDip(second) || isDip(seconds.get(sec - 1))) during.push(second)
    else if (second.asked >= LEAST_ASKED) between.push(second)
  }
  const busyBetween = between.flatMap(({ busy }) => busy ?? [])
  const calmBusyRatio = busyBetween.length > 0 ? median(busyBetween) : null
  const bursts = dips
    .filter((sec) => counted.some(([other]) => other === sec))
    .flatMap((sec) => burstMs(seconds, sec, calmBusyRatio) ?? [])
  const distances = dips.slice(1).map((sec, index) => sec - dips[index]!)
  return {
    dips: dips.length,
    everySec: periodSec(distances),
    regular: inRhythm(distances),
    missRatio: during.length > 0 ? Math.max(...during.map(missRatio)) : 0,
    calmMissRatio,
    statement: bunchedStatement(series, during, between),
    burstMs: bursts.length > 0 ? Math.max(...bursts) : null,
    calmBusyRatio,
  }
}

function secondsOf(series: readonly SeriesLine[], { fromUs, toUs }: DiagnosisWindow): Seconds {
  const seconds = new Map<number, Second>()
  for (const { atUs, probe, role, values, statements } of series) {
    if (atUs < fromUs || atUs >= toUs) continue
    const sec = Math.floor(atUs / 1e6)
    const second = seconds.get(sec) ?? { asked: 0, misses: 0, calls: new Map(), busy: null }
    seconds.set(sec, second)
    if (probe === 'app') {
      const misses = values['cacheMissesPerSec'] ?? 0
      second.misses += misses
      second.asked += misses + (values['cacheHitsPerSec'] ?? 0) + (values['cacheSharedPerSec'] ?? 0)
    }
    if (probe === 'cpu' && role === 'database') second.busy = values['busyRatio'] ?? second.busy
    for (const { queryId, calls } of statements ?? [])
      second.calls.set(queryId, (second.calls.get(queryId) ?? 0) + calls)
  }
  return seconds
}

function missRatio({ asked, misses }: Second): number {
  return asked > 0 ? misses / asked : 0
}

/** The lower median: a dip that was not seen makes a distance longer, never shorter. */
function periodSec(distances: readonly number[]): number | null {
  return [...distances].sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? null
}

function inRhythm(distances: readonly number[]): boolean {
  const period = periodSec(distances)
  if (period === null || period < SHORTEST_PERIOD_SEC) return false
  const fitting = distances.filter((distance) => {
    const periods = Math.max(1, Math.round(distance / period))
    return Math.abs(distance - periods * period) <= READING_SEC
  })
  return fitting.length >= IN_RHYTHM * distances.length
}

/** What the database's budget was used for beyond calm seconds, in ms of all of it: nobody can be served sooner. */
function burstMs(seconds: Seconds, sec: number, calmBusyRatio: number | null): number | null {
  const busy = [sec, sec + 1].flatMap((at) => seconds.get(at)?.busy ?? [])
  if (busy.length === 0 || calmBusyRatio === null) return null
  return busy.reduce((sum, ratio) => sum + 1000 * Math.max(0, ratio - calmBusyRatio), 0)
}

/** The statement that the seconds of expiry have most more of than the others. */
function bunchedStatement(
  series: readonly SeriesLine[],
  during: readonly Second[],
  between: readonly Second[],
): ExpirySignals['statement'] {
  if (during.length === 0 || between.length === 0) return null
  const perSec = (seconds: readonly Second[], id: string) =>
    mean(seconds.map(({ calls }) => calls.get(id) ?? 0))
  const [most] = [...new Set(during.flatMap(({ calls }) => [...calls.keys()]))]
    .map((id) => ({ id, callsPerSec: perSec(during, id), calmCallsPerSec: perSec(between, id) }))
    .sort((a, b) => b.callsPerSec - b.calmCallsPerSec - (a.callsPerSec - a.calmCallsPerSec))
  if (!most) return null
  const { id, ...counts } = most
  const query = series
    .flatMap(({ statements }) => statements ?? [])
    .find(({ queryId }) => queryId === id)?.query
  return { label: statementLabel(query ?? ''), ...counts }
}
