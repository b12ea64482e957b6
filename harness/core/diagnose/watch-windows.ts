import type { SeriesLine, WatchedLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import type { DiagnosisWindow } from './windows.ts'

/** A sign must last this many seconds, as in a surge of our own. */
const LASTS_SEC = 3
/** What comes later may be a collapse, in which reloads load everything. */
const LONGEST_SEC = 30
const FIRST_SEC = 1
const GROWN = 2
const QUEUE = 1
const JITTER_US = 200_000
/** Of the database's cores, in sessions that run. */
const CORES_TAKEN = 0.9

export type Watching = {
  /** Start of the first 3 seconds in a row with a sign of saturation, since the load began; `null`: there was none. */
  readonly firstSignSec: number | null
  readonly firstSign: string | null
  readonly windows: readonly DiagnosisWindow[]
}

type Sign = { readonly says: string; readonly seen: (reading: SeriesLine) => boolean }

/**
 * Where diagnosis looks in a load that somebody else drove: there are no clicks to judge, so the onset is read from the
 * signals of database and app themselves, held against the seconds before the load. From the first sign on, half a minute
 * at most; without one, the whole load.
 */
export function watchWindows(run: RunData, { startUs, endUs }: WatchedLine): Watching {
  const within = (fromUs: number, toUs: number) =>
    run.series.filter(
      ({ atUs, probe }) =>
        (probe === 'database' || probe === 'app' || probe === 'pooler') && atUs >= fromUs && atUs < toUs,
    )
  const calm = within(0, startUs)
  const load = within(startUs + FIRST_SEC * 1e6, endUs)
  let first: { readonly us: number; readonly says: string } | null = null
  for (const { says, seen } of signsOf(calm, run.attached?.databaseCores ?? null)) {
    const us = lasting(load, seen)
    if (us !== null && (first === null || us < first.us)) first = { us, says }
  }
  const fromUs = first?.us ?? startUs + FIRST_SEC * 1e6
  const toUs = first === null ? endUs : Math.min(endUs, fromUs + LONGEST_SEC * 1e6)
  return {
    firstSignSec: first === null ? null : (first.us - startUs) / 1e6,
    firstSign: first?.says ?? null,
    windows: toUs > fromUs ? [{ fromUs, toUs }] : [],
  }
}

function signsOf(calm: readonly SeriesLine[], cores: number | null): readonly Sign[] {
  const most = (name: string) => Math.max(0, ...calm.map(({ values }) => values[name] ?? 0))
  const above = (name: string, least: number) => {
    const bound = Math.max(least, most(name))
    return ({ values }: SeriesLine) => (values[name] ?? 0) >= bound && (values[name] ?? 0) > most(name)
  }
  return [
    { says: 'requests wait for a database connection', seen: above('poolWaiting', QUEUE) },
    {
      says: 'requests wait for a database connection in the pooler',
      seen: above('clientsWaitingMean', QUEUE),
    },
    { says: 'sessions wait for locks', seen: above('sessionsLock', QUEUE) },
    ...(cores === null
      ? [
          {
            says: 'the database works on more statements at a time than before the load',
            seen: above('sessionsActive', Math.max(2, GROWN * most('sessionsActive'))),
          },
        ]
      : [
          {
            says: 'the database has no core to spare',
            seen: above('sessionsOnCpu', CORES_TAKEN * cores),
          },
        ]),
  ]
}

/** When the first `LASTS_SEC` seconds begin in which every reading of one component shows the sign. */
function lasting(readings: readonly SeriesLine[], seen: Sign['seen']): number | null {
  const since = new Map<string, number>()
  for (const reading of readings) {
    const { component, atUs } = reading
    if (!seen(reading)) {
      since.delete(component)
      continue
    }
    // A reading tells of the second before it, give or take the jitter of the probes.
    const sinceUs = since.get(component) ?? atUs - 1e6
    since.set(component, sinceUs)
    if (atUs - sinceUs >= LASTS_SEC * 1e6 - JITTER_US) return sinceUs
  }
  return null
}
