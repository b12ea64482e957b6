import type { SaturationSignal } from './measure/saturation.ts'
import { withNeighbours } from './measure/with-neighbours.ts'
import type { Incident, SurgeSecond } from './result.ts'

/** Signs, a broken SLO and an outage count from three seconds in a row on: one second is chance. */
const IN_A_ROW_SEC = 3
const RESTORED_SEC = 5
/** Outage: less than a tenth of what shoppers wanted was answered right in time. */
const OUTAGE_SHARE = 0.1
/** Outages with at most this much between them are one. */
const SAME_OUTAGE_SEC = 3
/** Back to normal: arrivals within a fifth of the normal rate. */
const NORMAL_FACTOR = 1.2

export type IncidentFacts = {
  readonly seconds: readonly SurgeSecond[]
  readonly signals: readonly SaturationSignal[]
  /** The bound on p95 of all clicks, ms; `null`: no such objective. */
  readonly p95BoundMs: number | null
  readonly normalPerSec: number
  /** What clicks under way may still take when the load is back to normal: patience, reloads included. */
  readonly drainSec: number
  /** When the last fault of the scenario was over: nothing recovers from one that goes on. Absent: there was none. */
  readonly faultedUntilSec?: number
}

/**
 * The timeline of a surge, by the definitions of DESIGN §1, in seconds since its start; what did not happen is `null`.
 * - first sign: first of 3 s in a row with one saturation signal above its pre-surge maximum, or p95 above half its
 *   SLO; the onset itself when nothing announced it.
 * - onset: first of 3 s in a row breaking the SLO. A second of outage breaks it, whatever the percentile says.
 * - complete outage: the longest stretch of ≥ 3 s in which fewer than 10 % of the clicks, or of the checkouts, were good.
 * - restored: start of the first 5 s after the onset in which the SLO holds, with no new onset after it.
 * - metastable: not restored although the arrivals had been back to normal for longer than the backlog needs to drain.
 */
export function incident(facts: IncidentFacts): Incident {
  const { seconds } = facts
  const out = outageSeconds(seconds)
  const broken = seconds.map(({ sloHeld }, sec) => !sloHeld || out[sec] === true)
  const onsetSec = firstRun(broken, IN_A_ROW_SEC, 0)
  const sign = firstSign(facts, onsetSec)
  const outage = longestOutage(out)
  const restoredSec = onsetSec === null ? null : restored(broken, onsetSec)
  return {
    firstSignSec: sign?.sec ?? null,
    firstSign: sign?.says ?? null,
    onsetSec,
    outageStartSec: outage?.from ?? null,
    outageEndSec: outage?.to ?? null,
    restoredSec,
    metastable:
      onsetSec === null
        ? null
        : restoredSec === null && normalFor(facts, onsetSec) >= facts.drainSec + RESTORED_SEC,
  }
}

/** Start of the first run of at least `length` true values from `from` on; `null`: none. */
function firstRun(values: readonly boolean[], length: number, from: number): number | null {
  let run = 0
  for (let sec = from; sec < values.length; sec++) {
    run = values[sec] ? run + 1 : 0
    if (run === length) return sec - length + 1
  }
  return null
}

type Sign = { readonly sec: number; readonly says: string }

function firstSign({ seconds, signals, p95BoundMs }: IncidentFacts, onsetSec: number | null): Sign | null {
  const signs: Sign[] = []
  for (const { name, unit, lowest, preSurgeMax, bySecond } of signals) {
    const saturated = bySecond.map((value) => value !== null && value >= lowest && value > preSurgeMax)
    const sec = firstRun(saturated, IN_A_ROW_SEC, 0)
    if (sec === null) continue
    const value = bySecond[sec]!
    const says =
      unit === 'ratio'
        ? `${name} at ${Math.round(value * 100)} % of its budget`
        : `${Math.round(value)} ${name}`
    signs.push({ sec, says })
  }
  if (p95BoundMs !== null) {
    const slow = seconds.map(({ clicks, p95Ms }) => clicks > 0 && (p95Ms === null || p95Ms > p95BoundMs / 2))
    const sec = firstRun(slow, IN_A_ROW_SEC, 0)
    if (sec !== null) {
      const p95Ms = seconds[sec]!.p95Ms
      const says =
        p95Ms === null
          ? 'clicks without an answer'
          : `p95 of all clicks at ${Math.round(p95Ms)} ms, over half its bound`
      signs.push({ sec, says })
    }
  }
  if (onsetSec !== null) signs.push({ sec: onsetSec, says: 'the broken SLO itself: nothing announced it' })
  // The earliest; of several in the same second the one named first: queues before CPU, both before percentiles.
  return signs.reduce<Sign | null>(
    (first, sign) => (first === null || sign.sec < first.sec ? sign : first),
    null,
  )
}

/** Seconds in which less than a tenth of the clicks, or of the checkouts, were good; few are judged with their neighbours. */
function outageSeconds(seconds: readonly SurgeSecond[]): boolean[] {
  const byClicks = mostlyBad(seconds.map(({ clicks, good }) => [clicks, good]))
  const byCheckouts = mostlyBad(seconds.map(({ checkouts, goodCheckouts }) => [checkouts, goodCheckouts]))
  return seconds.map((_, sec) => byClicks[sec] === true || byCheckouts[sec] === true)
}

function mostlyBad(counts: readonly (readonly [wanted: number, good: number])[]): boolean[] {
  const wantedBySecond = counts.map(([wanted]) => wanted)
  return counts.map((_, sec) => {
    const [from, to] = withNeighbours(wantedBySecond, sec)
    let wanted = 0
    let good = 0
    for (const [w, g] of counts.slice(from, to)) {
      wanted += w
      good += g
    }
    return good < OUTAGE_SHARE * wanted
  })
}

function longestOutage(out: readonly boolean[]): { readonly from: number; readonly to: number } | null {
  const outages: { from: number; to: number }[] = []
  for (let from = firstRun(out, IN_A_ROW_SEC, 0); from !== null; ) {
    let to = from
    while (out[to]) to++
    const last = outages.at(-1)
    if (last && from - last.to <= SAME_OUTAGE_SEC) last.to = to
    else outages.push({ from, to })
    from = firstRun(out, IN_A_ROW_SEC, to)
  }
  return outages.reduce<{ from: number; to: number } | null>(
    (longest, outage) => (longest && longest.to - longest.from >= outage.to - outage.from ? longest : outage),
    null,
  )
}

function restored(broken: readonly boolean[], onsetSec: number): number | null {
  const held = broken.map((isBroken) => !isBroken)
  for (let sec = firstRun(held, RESTORED_SEC, onsetSec); sec !== null; ) {
    const again = firstRun(broken, IN_A_ROW_SEC, sec)
    if (again === null) return sec
    sec = firstRun(held, RESTORED_SEC, again)
  }
  return null
}

/** Seconds at the end of the record, after the onset and every fault, in which arrivals were back to normal. */
function normalFor({ seconds, normalPerSec, faultedUntilSec }: IncidentFacts, onsetSec: number): number {
  let first = seconds.length
  while (first > onsetSec && seconds[first - 1]!.arrivalsPerSec <= NORMAL_FACTOR * normalPerSec) first--
  return seconds.length - Math.max(first, faultedUntilSec ?? 0)
}
