import type { ReplayShape } from '../scenario.ts'
import { countWithin, type RecordedWindow, replayedUs } from './recording.ts'

/** The part of its recording that a replay tells. */
export function replayWindow({ fromUs, lastsSec, speed }: ReplayShape): RecordedWindow {
  return { fromUs, lastsUs: Math.round(lastsSec * 1e6), speed }
}

/** The surge's time from a place in the recording to the end of the second in which it ends; 0 past its end. */
export function longestSec({ recording, fromUs, speed }: Omit<ReplayShape, 'lastsSec'>): number {
  const leftUs = recording.atUs.at(-1)! - fromUs
  return leftUs < 0 ? 0 : Math.floor(replayedUs(leftUs, speed) / 1e6) + 1
}

/** The same replay from its beginning, this long, or to the end of its recording. */
export function lasting(shape: ReplayShape, lastsSec: number): ReplayShape {
  return { ...shape, lastsSec: Math.min(lastsSec, longestSec(shape)) }
}

/** The part of a replay in which most arrive, this long; the first of several. */
export function busiest(shape: ReplayShape, lastsSec: number): ReplayShape {
  if (lastsSec >= shape.lastsSec) return shape
  const { recording, fromUs, speed } = shape
  const lastFromUs = fromUs + Math.floor((shape.lastsSec - lastsSec) * 1e6 * speed)
  let best = { ...shape, lastsSec }
  let most = 0
  // Of the windows that hold the same arrivals one begins at the first of them, or as late as any can.
  for (const us of recording.atUs) {
    if (us < fromUs) continue
    const window = { ...best, fromUs: Math.min(us, lastFromUs) }
    const count = countWithin(recording, replayWindow(window))
    if (count > most) {
      best = window
      most = count
    }
    if (us >= lastFromUs) break
  }
  return best
}
