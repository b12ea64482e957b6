import type { BottleneckClass } from '../bottleneck.ts'
import { drivenSec } from '../measure/driven-sec.ts'
import type { Diagnosis } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { rank } from './rank.ts'
import { readSignals } from './read-signals.ts'
import { strip } from './strip.ts'
import type { DiagnosisWindow } from './windows.ts'

/**
 * What bounded capacity in these windows (`diagnosisWindows`; by default everything that was measured on today's
 * topology), from measurements alone; `refuted`: classes that experiments spoke against. It is at most `likely` until a fix was tried: see `confirm`.
 */
export function diagnose(
  run: RunData,
  windows?: readonly DiagnosisWindow[],
  refuted: ReadonlySet<BottleneckClass> = new Set(),
): Diagnosis {
  const measured = strip(run)
  return rank(readSignals(measured, windows && windows.length > 0 ? windows : everything(measured)), refuted)
}

function everything(run: RunData): DiagnosisWindow[] {
  return run.segments
    .filter(({ line }) => line.arm === 0 && (line.purpose === 'surge' || line.purpose === 'step'))
    .map((segment) => {
      const { startUs } = segment.line
      return { fromUs: startUs, toUs: startUs + drivenSec(segment) * 1e6 }
    })
}
