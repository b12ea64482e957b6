import type { EventLine } from '../record.ts'
import type { FaultResult, Incident } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import { faultSays } from './index.ts'

/** What became of the scenario's faults in one surge, in the order they began; those that did not act come last. */
export function surgeFaults(
  { events }: Pick<RunData, 'events'>,
  { line }: SegmentData,
): readonly FaultResult[] {
  const found = new Map<number, FaultResult>()
  const secOf = ({ atUs }: EventLine) => (atUs - line.startUs) / 1e6
  for (const event of events) {
    const told = event.fault
    if (!told || told.segment !== line.segment) continue
    const { act, became } = told
    const before = found.get(told.fault)
    found.set(told.fault, {
      kind: act.kind,
      target: act.target,
      says: faultSays(act),
      beganSec: became === 'begun' ? secOf(event) : (before?.beganSec ?? null),
      endedSec: became === 'undone' ? secOf(event) : (before?.endedSec ?? null),
      notDone:
        became === 'not-applicable' || became === 'not-reached' ? event.detail : (before?.notDone ?? null),
    })
  }
  return [...found.values()].sort(
    (a, b) => (a.beganSec ?? Number.POSITIVE_INFINITY) - (b.beganSec ?? Number.POSITIVE_INFINITY),
  )
}

/** What a fault leaves behind is seen at once: whatever comes after as many good seconds as an onset needs bad ones is not its. */
const AFTERMATH_SEC = 3
/** An onset is three bad seconds in a row: a fault that began in any of them has its part in it. */
const ONSET_SEC = 3

/**
 * The faults that acted when the SLO broke, or just before: whatever is said of the cause is said of a system in that
 * state. (Clicks under way when a fault begins count in the second in which they were wanted: the onset may lie before it.)
 */
export function faultsAtOnset(
  faults: readonly FaultResult[],
  { firstSignSec, onsetSec }: Pick<Incident, 'firstSignSec' | 'onsetSec'>,
): readonly FaultResult[] {
  if (onsetSec === null) return []
  const fromSec = Math.min(firstSignSec ?? onsetSec, onsetSec) - AFTERMATH_SEC
  return faults.filter(
    ({ beganSec, endedSec }) =>
      beganSec !== null && beganSec < onsetSec + ONSET_SEC && (endedSec === null || endedSec >= fromSec),
  )
}

/** When the last of these was over; 0 when none was done. */
export function faultedUntilSec(faults: readonly FaultResult[]): number {
  return Math.max(
    0,
    ...faults.map(({ beganSec, endedSec }) =>
      beganSec === null ? 0 : (endedSec ?? Number.POSITIVE_INFINITY),
    ),
  )
}
