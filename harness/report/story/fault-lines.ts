import type { FaultResult } from '../../core/result.ts'
import { formatOffset, formatStretch } from '../format.ts'
import type { Story } from './story.ts'

/** The faults of a surge that were done, each with the letter that marks it in the chart. */
export function faultMarks(
  faults: readonly FaultResult[],
): readonly { readonly letter: string; readonly atSec: number; readonly fault: FaultResult }[] {
  return faults.flatMap((fault, i) =>
    fault.beganSec === null ? [] : [{ letter: String.fromCharCode(65 + i), atSec: fault.beganSec, fault }],
  )
}

/** One fault with its time: "+0:27–0:46 app-2 was killed"; of a compressed replay without. */
export function faultLine({ beganSec, endedSec, says, notDone }: FaultResult, atRealSpeed = true): string {
  if (beganSec === null) return `not done: ${says} (${notDone ?? 'nobody wrote down why'})`
  if (!atRealSpeed) return says
  const when = endedSec === null ? formatOffset(beganSec) : formatStretch(beganSec, endedSec)
  return `${when.replace(/^(\+\d+:\d\d)–(.*)$/, (whole, from, to) => (from === `+${to}` ? from : whole))} ${says}`
}

/**
 * What became of the scenario's faults: all of the first surge, and of each replay those that were not done there, so that
 * nobody takes it for the same.
 */
export function faultLines({ surges, believable, incident }: Story): readonly string[] {
  if (!believable) return []
  return surges.flatMap(({ faults, label }, i) =>
    faults
      .filter(({ beganSec }) => i === 0 || beganSec === null)
      .map((fault) => `${i === 0 ? '' : `on ${label} `}${faultLine(fault, incident !== null)}`),
  )
}
