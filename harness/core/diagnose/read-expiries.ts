import { mean, median, quantile } from 'simple-statistics'
import type { SeriesLine } from '../record.ts'
import type { ExpirySignals } from './signals.ts'
import { statementLabel } from './statement-label.ts'
import type { DiagnosisWindow } from './windows.ts'

/** The rhythm of a cache is there long before it hurts: this much of the time before the first window is looked at too. */
const LOOK_BACK_US = 20_000_000
/** A second in which pages expired: so many times the misses of a calm one, and no few of all that was asked. */
const DIP_FACTOR = 3
const DIP_LEAST_MISS_RATIO = 0.1
/** Readings are a second apart, and so is what two of them can differ by though the period is the same. */
const READING_SEC = 1

type Second = { asked: number; misses: number; calls: Map<string, number>; busy: number | null }

/**
 * When the app's cache lost many pages at once, and what the database did then and otherwise; `null`: the app's cache
 * was not read, or hardly asked. Counters are those of one second, so a period below 3 s is not seen.
 */
export function readExpiries(
  series: readonly SeriesLine[],
  windows: readonly DiagnosisWindow[],
): ExpirySignals | null {
  const stretches = windows.map(({ fromUs, toUs }, index) => ({
    fromUs: index === 0 ? fromUs - LOOK_BACK_US : fromUs,
    toUs,
  }))
  const bySecond = stretches.map((stretch) => secondsOf(series, stretch))
  const asked = bySecond.flatMap((seconds) => [...seconds.values()].filter((one) => one.asked > 0))
  if (asked.length < 3) return null
  const calmMissRatio = quantile(asked.map(missRatio), 0.25)
  const isDip = (second: Second | undefined) =>
    second !== undefined &&
    second.asked > 0 &&
    missRatio(second) >= Math.max(DIP_LEAST_MISS_RATIO, DIP_FACTOR * calmMissRatio)

  const distances: number[] = []
  const during: Second[] = []
  const between: Second[] = []
  const worstBusy: number[] = []
  let dips = 0
  for (const seconds of bySecond) {
    let lastSec: number | null = null
    for (const [sec, second] of [...seconds].sort(([a], [b]) => a - b)) {
      const before = seconds.get(sec - 1)
      // Statements are counted when they end: those of a dip partly in the second after it.
      if (isDip(second) || isDip(before)) during.push(second)
      else between.push(second)
      if (!isDip(second) || isDip(before)) continue
      dips++
      if (lastSec !== null) distances.push(sec - lastSec)
      lastSec = sec
      const busy = [second, seconds.get(sec + 1)].flatMap((one) => one?.busy ?? [])
      if (busy.length > 0) worstBusy.push(Math.max(...busy))
    }
  }
  const calmBusy = between.flatMap(({ busy }) => busy ?? [])
  return {
    dips,
    everySec: distances.length > 0 ? mean(distances) : null,
    regular: distances.length > 0 && Math.max(...distances) - Math.min(...distances) <= 2 * READING_SEC,
    missRatio: during.length > 0 ? Math.max(...during.map(missRatio)) : 0,
    calmMissRatio,
    statement: bunchedStatement(series, during, between),
    databaseBusyRatio: worstBusy.length > 0 ? median(worstBusy) : null,
    databaseCalmBusyRatio: calmBusy.length > 0 ? median(calmBusy) : null,
  }
}

function secondsOf(series: readonly SeriesLine[], { fromUs, toUs }: DiagnosisWindow): Map<number, Second> {
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

/** The statement that the seconds of expiry have most more of than the others. */
function bunchedStatement(
  series: readonly SeriesLine[],
  during: readonly Second[],
  between: readonly Second[],
): ExpirySignals['statement'] {
  if (during.length === 0 || between.length === 0) return null
  const perSec = (seconds: readonly Second[], id: string) =>
    mean(seconds.map(({ calls }) => calls.get(id) ?? 0))
  let most: { id: string; callsPerSec: number; calmCallsPerSec: number } | null = null
  for (const id of new Set(during.flatMap(({ calls }) => [...calls.keys()]))) {
    const one = { id, callsPerSec: perSec(during, id), calmCallsPerSec: perSec(between, id) }
    const gain = one.callsPerSec - one.calmCallsPerSec
    if (!most || gain > most.callsPerSec - most.calmCallsPerSec) most = one
  }
  if (!most) return null
  const { id, ...counts } = most
  const query = series
    .flatMap(({ statements }) => statements ?? [])
    .find(({ queryId }) => queryId === id)?.query
  return { label: statementLabel(query ?? ''), ...counts }
}
