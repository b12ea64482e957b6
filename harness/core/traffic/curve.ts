import type { RateCurve } from '../plan.ts'

/**
 * Arithmetic on arrival-rate curves: piecewise linear, so expected arrivals are areas of trapezoids and the inverse
 * is the root of a quadratic. Two points at the same time make a step; there the later one counts.
 */

/** Arrivals per second at a time in seconds; 0 before the curve begins and after it ends. */
export function rateAt(curve: RateCurve, atSec: number): number {
  const last = curve.at(-1)
  if (!last || atSec < curve[0]!.atSec || atSec > last.atSec) return 0
  for (let i = curve.length - 1; i >= 0; i--) {
    const from = curve[i]!
    if (from.atSec > atSec) continue
    const to = curve[i + 1]
    if (!to) return from.perSec
    const share = (atSec - from.atSec) / (to.atSec - from.atSec)
    return from.perSec + share * (to.perSec - from.perSec)
  }
  return 0
}

/** Highest arrivals per second anywhere on the curve. */
export function peakPerSec(curve: RateCurve): number {
  return curve.reduce((peak, point) => Math.max(peak, point.perSec), 0)
}

/** Expected number of arrivals between two times in seconds. */
export function expectedArrivals(curve: RateCurve, fromSec: number, toSec: number): number {
  let sum = 0
  for (let i = 0; i + 1 < curve.length; i++) {
    const low = Math.max(fromSec, curve[i]!.atSec)
    const high = Math.min(toSec, curve[i + 1]!.atSec)
    if (high <= low) continue
    sum += ((rateInside(curve, i, low) + rateInside(curve, i, high)) / 2) * (high - low)
  }
  return sum
}

/**
 * Inverse of the expected arrivals since the curve's start: a function that gives the time in seconds at which they
 * reach `count`, or `null` when the curve never gets that far. Counts must not decrease from call to call: it walks
 * the curve once.
 */
export function arrivalClock(curve: RateCurve): (count: number) => number | null {
  let segment = 0
  let before = 0
  return (count) => {
    for (; segment + 1 < curve.length; segment++) {
      const from = curve[segment]!
      const to = curve[segment + 1]!
      const durationSec = to.atSec - from.atSec
      const area = ((from.perSec + to.perSec) / 2) * durationSec
      if (area > 0 && count < before + area) {
        return from.atSec + timeOfArea(from.perSec, (to.perSec - from.perSec) / durationSec, count - before)
      }
      before += area
    }
    return null
  }
}

/**
 * Solves rate·x + slope·x²/2 = area for the smallest x ≥ 0, in the form that loses no digits when the slope is small
 * (Press et al., Numerical Recipes, §5.6).
 */
function timeOfArea(ratePerSec: number, slope: number, area: number): number {
  if (area <= 0) return 0
  const root = Math.sqrt(Math.max(0, ratePerSec * ratePerSec + 2 * slope * area))
  return (2 * area) / (ratePerSec + root)
}

function rateInside(curve: RateCurve, segment: number, atSec: number): number {
  const from = curve[segment]!
  const to = curve[segment + 1]!
  return from.perSec + ((atSec - from.atSec) / (to.atSec - from.atSec)) * (to.perSec - from.perSec)
}
