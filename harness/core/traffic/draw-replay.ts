import { median } from 'simple-statistics'
import type { RateCurve } from '../plan.ts'
import type { ReplayShape, Traffic } from '../scenario.ts'
import { arrivalsWithin } from './recording.ts'
import { replayWindow } from './replay-window.ts'

/** Windows of a curve: whole seconds, so that a plan stays small and half an hour has windows of ten. */
const MOST_WINDOWS = 180
/** One second's count is chance more than anything else; a plateau of a surge lasts longer than this. */
const PEAK_SEC = 5

/**
 * A replay as a curve: its arrivals counted in windows of 1 s to 10 s (by its length), each window a step, so that the
 * curve expects exactly as many arrivals as there are. Unless the scenario says otherwise, the peak is the highest rate
 * over any 5 s, and normal is the median rate of the windows: the mean where more than half of them are empty, and never
 * above the peak. `shortened`: less than the scenario asks for.
 */
export function drawReplay(shape: ReplayShape, shortened: boolean): Traffic {
  const { lastsSec } = shape
  const window = replayWindow(shape)
  const atUs = arrivalsWithin(shape.recording, window)
  const windowSec = Math.ceil(lastsSec / MOST_WINDOWS)
  const counts = new Array<number>(Math.ceil(lastsSec / windowSec)).fill(0)
  for (const us of atUs) counts[Math.floor(us / (windowSec * 1e6))]!++
  const curve: RateCurve = counts.flatMap((count, i) => {
    const fromSec = i * windowSec
    const toSec = Math.min(lastsSec, fromSec + windowSec)
    const perSec = count / (toSec - fromSec)
    return [
      { atSec: fromSec, perSec },
      { atSec: toSec, perSec },
    ]
  })
  const highest = highestPerSec(atUs, Math.min(PEAK_SEC, lastsSec))
  const typical = median(curve.map(({ perSec }) => perSec)) || atUs.length / lastsSec
  const normal = shape.normalPerSec ?? Math.min(typical, highest)
  return {
    label: labelOf(shape, shortened),
    shape,
    normalPerSec: normal,
    peakPerSec: peakOf(shape, normal) ?? highest,
    curve,
    arrivals: { kind: 'recorded', ...window },
  }
}

function peakOf({ peak }: ReplayShape, normalPerSec: number): number | null {
  if (peak === null) return null
  return peak.kind === 'rate' ? peak.perSec : normalPerSec * peak.factor
}

function labelOf({ speed, lastsSec }: ReplayShape, shortened: boolean): string {
  const replay = speed === 1 ? 'replay' : `replay ×${speed}`
  if (shortened) return `${replay}, shortened to ${lastsSec} s`
  return speed === 1 ? `${replay}, real speed` : replay
}

/** The most arrivals in any stretch of this length, per second. */
function highestPerSec(atUs: Float64Array, lengthSec: number): number {
  let most = 0
  let first = 0
  for (let last = 0; last < atUs.length; last++) {
    while (atUs[last]! - atUs[first]! >= lengthSec * 1e6) first++
    most = Math.max(most, last - first + 1)
  }
  return most / lengthSec
}
