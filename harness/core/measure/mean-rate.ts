import type { RateCurve } from '../plan.ts'

/** Mean rate of a curve between two times, shoppers/s; the curve is 0 outside of its points. */
export function meanRate(curve: RateCurve, fromSec: number, toSec: number): number {
  let area = 0
  for (let i = 1; i < curve.length; i++) {
    const left = curve[i - 1]!
    const right = curve[i]!
    const from = Math.max(fromSec, left.atSec)
    const to = Math.min(toSec, right.atSec)
    if (to <= from) continue
    const slope = (right.perSec - left.perSec) / (right.atSec - left.atSec)
    const middle = left.perSec + slope * ((from + to) / 2 - left.atSec)
    area += middle * (to - from)
  }
  return toSec > fromSec ? area / (toSec - fromSec) : 0
}
