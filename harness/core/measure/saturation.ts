import type { SeriesLine } from '../record.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { meanRate } from './mean-rate.ts'
import { withRecovery } from './with-recovery.ts'

/** One sign of saturation at one component, second by second of a surge. */
export type SaturationSignal = {
  /** "database CPU", "connections waited for at app-1". */
  readonly name: string
  readonly unit: 'ratio' | 'count'
  /** A second is saturated when its value is at least the first of these and above the second. */
  readonly lowest: number
  readonly preSurgeMax: number
  /** `null`: not read in this second nor in the one before. */
  readonly bySecond: readonly (number | null)[]
}

/** CPU is saturated from 95 % of the budget on; a queue from the first that waits. */
const LOWEST_BUSY = 0.95
const LOWEST_QUEUE = 1
/** Seconds of the surge's opening count as "before the surge" while the arrivals stay within a fifth of normal. */
const STILL_NORMAL = 1.2
/** Where a surge has no opening at normal load, what was read this long before it stands in. */
const BEFORE_US = 2_000_000

type Kind = {
  readonly probe: SeriesLine['probe']
  readonly value: string
  readonly unit: SaturationSignal['unit']
  readonly lowest: number
  readonly name: (component: string) => string
}

const KINDS: readonly Kind[] = [
  {
    probe: 'app',
    value: 'poolWaiting',
    unit: 'count',
    lowest: LOWEST_QUEUE,
    name: (component) => `requests waiting for a database connection at ${component}`,
  },
  {
    probe: 'pooler',
    value: 'clientsWaitingMean',
    unit: 'count',
    lowest: LOWEST_QUEUE,
    name: (component) => `requests waiting for a database connection at ${component}`,
  },
  {
    probe: 'cpu',
    value: 'busyRatio',
    unit: 'ratio',
    lowest: LOWEST_BUSY,
    name: (component) => `CPU of ${component}`,
  },
  {
    probe: 'database',
    value: 'sessionsLock',
    unit: 'count',
    lowest: LOWEST_QUEUE,
    name: (component) => `sessions waiting for a lock at ${component}`,
  },
]

/**
 * The saturation signals of a surge (pool waiting, CPU against budget, lock queue), one for each component read,
 * with their pre-surge maximum. The highest reading of a second counts; a second without one takes the previous one's.
 */
export function saturationSignals(run: RunData, surge: SegmentData): SaturationSignal[] {
  const { startUs, plan } = surge.line
  const untilUs = withRecovery(run, surge).at(-1)?.end?.atUs ?? Number.POSITIVE_INFINITY
  const openingSec = secondsAtNormal(surge, run.header.scenario.normalPerSec)
  const lengthSec = Math.ceil(plan.curve.at(-1)?.atSec ?? 0)
  const signals: SaturationSignal[] = []
  for (const kind of KINDS) {
    const readings = new Map<string, { atUs: number; value: number }[]>()
    for (const { probe, role, component, atUs, values } of run.series) {
      if (probe !== kind.probe || atUs > untilUs || atUs < startUs - BEFORE_US) continue
      if (role === 'generator' || role === 'harness' || role === 'host') continue
      const value = values[kind.value]
      if (value === undefined) continue
      const list = readings.get(component)
      if (list) list.push({ atUs, value })
      else readings.set(component, [{ atUs, value }])
    }
    for (const [component, list] of readings) {
      const before = list.filter(({ atUs }) =>
        openingSec > 0 ? atUs > startUs && atUs <= startUs + openingSec * 1e6 : atUs <= startUs,
      )
      signals.push({
        name: kind.name(component),
        unit: kind.unit,
        lowest: kind.lowest,
        preSurgeMax: Math.max(0, ...before.map(({ value }) => value)),
        bySecond: highestBySecond(list, startUs, lengthSec),
      })
    }
  }
  return signals
}

/** Whole seconds at the beginning in which the arrivals are still normal; 0 when they never leave it. */
function secondsAtNormal(surge: SegmentData, normalPerSec: number): number {
  const { curve } = surge.line.plan
  const lengthSec = Math.ceil(curve.at(-1)?.atSec ?? 0)
  let sec = 0
  while (sec < lengthSec && meanRate(curve, sec, sec + 1) <= STILL_NORMAL * normalPerSec) sec++
  return sec < lengthSec ? sec : 0
}

function highestBySecond(
  readings: readonly { readonly atUs: number; readonly value: number }[],
  startUs: number,
  leastSec: number,
): (number | null)[] {
  const read = new Map<number, number>()
  for (const { atUs, value } of readings) {
    // A reading tells of the time before it: one at +3.0 s belongs to the second from +2 s on.
    const sec = Math.ceil((atUs - startUs) / 1e6) - 1
    if (sec >= 0) read.set(sec, Math.max(read.get(sec) ?? Number.NEGATIVE_INFINITY, value))
  }
  const lengthSec = Math.max(leastSec, Math.max(-1, ...read.keys()) + 1)
  return Array.from({ length: lengthSec }, (_, sec) => read.get(sec) ?? read.get(sec - 1) ?? null)
}
