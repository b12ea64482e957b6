import { drivenSec } from '../measure/driven-sec.ts'
import type { Incident, StepResult } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'

/** A stretch of time that diagnosis reads, µs since t0. */
export type DiagnosisWindow = { readonly fromUs: number; readonly toUs: number }

/** Shorter than this a stretch has too few readings of one a second. */
const SHORTEST_SEC = 3
/** Either side of the reading that tells of a crash: one probe sees it a second before or after the other. */
const CRASH_US = 2_000_000
/** The first readings of a step still tell of the time before it. */
const LEAD_IN_US = 900_000
/** Steps this near to capacity show what binds; the wider band is taken when none is nearer. */
const BANDS = [
  { from: 0.9, to: 1.3 },
  { from: 0.7, to: 1.5 },
] as const

/**
 * Where diagnosis looks: the surge from its first sign until shoppers who met the onset lose their patience, and the steps
 * around the limit. Never the collapse: from the first reload on, everything is loaded by reloads. (Up to the onset alone
 * there may be a single reading, of the second in which the load climbed.) A surge that broke nothing is read around its
 * highest load, and where the database ended all its sessions, which may be over too soon to break an objective.
 */
export function diagnosisWindows(
  run: RunData,
  incident: Pick<Incident, 'firstSignSec' | 'onsetSec'> | null,
  steps: readonly StepResult[],
): DiagnosisWindow[] {
  return [...surgeWindow(run, incident), ...stepWindows(run, steps)].sort((a, b) => a.fromUs - b.fromUs)
}

function surgeWindow(
  run: RunData,
  incident: Pick<Incident, 'firstSignSec' | 'onsetSec'> | null,
): DiagnosisWindow[] {
  const surge = run.segments.find(({ line }) => line.purpose === 'surge')
  if (!surge || !incident) return []
  const { startUs, plan } = surge.line
  const at = (sec: number) => startUs + Math.max(0, sec) * 1e6
  const { firstSignSec, onsetSec } = incident
  if (onsetSec !== null) {
    const from = firstSignSec ?? onsetSec
    return [
      {
        fromUs: at(from),
        toUs: at(onsetSec) + Math.max(1000, run.header.scenario.patience.timeoutMs) * 1000,
      },
    ]
  }
  const highestPerSec = Math.max(...plan.curve.map(({ perSec }) => perSec))
  const high = plan.curve.filter(({ perSec }) => perSec >= 0.9 * highestPerSec)
  // A surge that was ended early never came to loads beyond.
  const fromSec = Math.min(high.at(0)?.atSec ?? 0, Math.max(0, drivenSec(surge) - SHORTEST_SEC))
  const toSec = Math.max(high.at(-1)?.atSec ?? 0, fromSec + SHORTEST_SEC)
  const highest = { fromUs: at(fromSec), toUs: at(toSec) }
  return [
    highest,
    ...crashes(run, surge).filter(({ fromUs, toUs }) => toUs <= highest.fromUs || fromUs >= highest.toUs),
  ]
}

/** The time around each reading by which the database had ended all its sessions. */
function crashes(run: RunData, { line, end }: SegmentData): DiagnosisWindow[] {
  const untilUs = end?.atUs ?? Number.POSITIVE_INFINITY
  const told = run.series.filter(
    ({ probe, atUs, values }) =>
      probe === 'database' && (values['restarts'] ?? 0) > 0 && atUs >= line.startUs && atUs <= untilUs,
  )
  return told.map(({ atUs }) => ({ fromUs: atUs - CRASH_US, toUs: atUs + CRASH_US }))
}

function stepWindows(run: RunData, steps: readonly StepResult[]): DiagnosisWindow[] {
  const loads = (verdict: StepResult['verdict']) =>
    steps.filter((step) => step.verdict === verdict).map(({ offeredPerSec }) => offeredPerSec)
  const passes = loads('pass')
  const fails = loads('fail')
  if (passes.length + fails.length === 0) return []
  const lastPass = passes.length > 0 ? Math.max(...passes) : Math.min(...fails)
  const firstFail = fails.length > 0 ? Math.min(...fails) : lastPass
  const capacityPerSec = Math.sqrt(lastPass * firstFail)
  for (const { from, to } of BANDS) {
    const near = steps.filter(
      ({ verdict, offeredPerSec }) =>
        verdict !== 'invalid' &&
        offeredPerSec >= from * capacityPerSec &&
        offeredPerSec <= to * capacityPerSec,
    )
    const windows = near.flatMap(({ segment }) => {
      const step = run.segments.find((candidate) => candidate.line.segment === segment)
      if (!step) return []
      const { startUs } = step.line
      return [{ fromUs: startUs + LEAD_IN_US, toUs: startUs + drivenSec(step) * 1e6 }]
    })
    if (windows.length > 0) return windows
  }
  return []
}
