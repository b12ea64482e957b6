import { faultNote } from '../../core/faults/fault-note.ts'
import { faultsAtOnset } from '../../core/faults/surge-faults.ts'
import type { FaultResult, Incident } from '../../core/result.ts'
import { formatOffset, formatStretch } from '../format.ts'

/** One moment of the incident; `when` is `null` for what did not happen. */
export type Moment = {
  readonly id: 'first-sign' | 'onset' | 'outage' | 'restored'
  readonly name: string
  readonly atSec: number | null
  readonly when: string | null
  readonly says: string
}

/** The incident as four moments, in order, each with what it means, and with the faults of its surge. */
export function incidentMoments(incident: Incident, faults: readonly FaultResult[] = []): readonly Moment[] {
  const { firstSignSec, onsetSec, outageStartSec, outageEndSec, restoredSec } = incident
  return [
    {
      id: 'first-sign',
      name: 'first sign',
      atSec: firstSignSec,
      when: firstSignSec === null ? null : formatOffset(firstSignSec),
      says: incident.firstSign ?? 'no resource gave a sign of saturation',
    },
    {
      id: 'onset',
      name: 'SLO broken',
      atSec: onsetSec,
      when: onsetSec === null ? null : formatOffset(onsetSec),
      says:
        onsetSec === null
          ? 'the objectives held throughout'
          : `shoppers waited too long or met errors${faultNote(faultsAtOnset(faults, incident))}`,
    },
    {
      id: 'outage',
      name: 'complete outage',
      atSec: outageStartSec,
      when: outageWhen(outageStartSec, outageEndSec),
      says:
        outageStartSec === null
          ? 'there was no complete outage'
          : 'fewer than 1 in 10 clicks, or checkouts, were answered in time',
    },
    {
      id: 'restored',
      name: 'restored',
      atSec: restoredSec,
      when: restoredSec === null ? null : formatOffset(restoredSec),
      says: restoredWords(incident, faults),
    },
  ]
}

/** The same as one line: "first sign +0:04 · SLO broken +0:09 · …"; for a quiet run it says so. */
export function incidentSentence(incident: Incident, faults: readonly FaultResult[] = []): string {
  if (incident.onsetSec === null) {
    const sign = incident.firstSignSec
    const quiet = 'the SLO was never broken · no outage'
    return sign === null ? `no sign of saturation · ${quiet}` : `first sign ${formatOffset(sign)} · ${quiet}`
  }
  const undone = undoneBefore(incident, faults).length > 0
  const parts = incidentMoments(incident, faults).map(({ id, name, when }) => {
    if (id === 'restored' && when !== null)
      return `restored ${when} ${undone ? 'after the fault' : 'by itself'}`
    if (id === 'outage' && when === null) return 'no complete outage'
    return when === null ? `${name} did not happen` : `${name} ${when}`
  })
  if (incident.restoredSec === null) parts[3] = 'not restored while we watched'
  return parts.join(' · ')
}

function outageWhen(startSec: number | null, endSec: number | null): string | null {
  if (startSec === null) return null
  return endSec === null ? `${formatOffset(startSec)} to the end` : formatStretch(startSec, endSec)
}

/** Faults that had acted at the onset, and no longer did when the objectives held again. */
function undoneBefore(incident: Incident, faults: readonly FaultResult[]): readonly FaultResult[] {
  const { restoredSec } = incident
  if (restoredSec === null) return []
  return faultsAtOnset(faults, incident).filter(
    ({ endedSec }) => endedSec !== null && endedSec < restoredSec + 1,
  )
}

function restoredWords(incident: Incident, faults: readonly FaultResult[]): string {
  if (incident.onsetSec === null) return 'there was nothing to restore'
  if (undoneBefore(incident, faults).length > 0) return 'the objectives held again once the fault was over'
  if (incident.restoredSec !== null) return 'the objectives held again by themselves as the crowd thinned out'
  if (incident.metastable) return 'load was back to normal and the shop still did not recover'
  return 'it did not recover while we watched'
}
