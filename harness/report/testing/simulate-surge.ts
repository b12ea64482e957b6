import type { SurgeSecond } from '../../core/result.ts'

export const NORMAL_PER_SEC = 5
export const PEAK_PER_SEC = 60
export const CLICKS_PER_SHOPPER = 4
const SLO_MS = 300
const PATIENCE_MS = 3000

/** Arrivals of the doors-open minute, shoppers/s. */
export function arrivalsAt(sec: number): number {
  if (sec < 5) return NORMAL_PER_SEC
  if (sec < 7) return NORMAL_PER_SEC + ((PEAK_PER_SEC - NORMAL_PER_SEC) * (sec - 5)) / 2
  if (sec < 22) return PEAK_PER_SEC
  if (sec < 32) return PEAK_PER_SEC - ((PEAK_PER_SEC - NORMAL_PER_SEC) * (sec - 22)) / 10
  return NORMAL_PER_SEC
}

/**
 * A surge through one queue (fluid approximation): clicks beyond capacity pile up, response time is backlog ÷ capacity,
 * and clicks slower than patience fail. Rough, but of the right shape.
 */
export function simulateSurge(capacityPerSec: number): readonly SurgeSecond[] {
  const capacityClicks = capacityPerSec * CLICKS_PER_SHOPPER
  const seconds: SurgeSecond[] = []
  let backlog = 0
  for (let sec = 0; sec < 52; sec++) {
    const arrivalsPerSec = sec < 45 ? arrivalsAt(sec) : 0
    const wanted =
      (sec < 45 ? arrivalsPerSec * CLICKS_PER_SHOPPER : 8 - (sec - 45)) * (1 + 0.07 * Math.sin(sec * 2.4))
    const clicks = Math.round(wanted * (backlog > capacityClicks * 2 ? 0.72 : 1))
    const served = Math.min(backlog + clicks, capacityClicks)
    backlog = Math.min(Math.max(0, backlog + clicks - capacityClicks), capacityClicks * 3.4)
    const waitMs = (backlog / capacityClicks) * 1000
    const load = Math.min(0.97, clicks / capacityClicks)
    const p95Ms = 42 / (1 - load) ** 0.55 + waitMs * 1.3
    const lateRatio = Math.min(0.97, Math.max(0, (waitMs - SLO_MS / 2) / 1200))
    const good = Math.round(Math.min(clicks, served) * (1 - lateRatio))
    const errors = waitMs > PATIENCE_MS * 0.5 ? Math.round(clicks * Math.min(0.9, waitMs / PATIENCE_MS)) : 0
    const slow = errors > clicks * 0.05
    const checkouts = Math.round(clicks * 0.02)
    seconds.push({
      sec,
      arrivalsPerSec,
      clicks,
      good,
      errors,
      achieved: Math.round(served),
      p50Ms: errors > clicks * 0.5 ? null : p95Ms * 0.4,
      p95Ms: slow || p95Ms > PATIENCE_MS ? null : p95Ms,
      checkouts,
      goodCheckouts: Math.round(checkouts * (clicks === 0 ? 1 : good / clicks)),
      sloHeld: !slow && p95Ms <= SLO_MS,
      attempts: clicks + errors,
    })
  }
  return seconds
}

/** The steps of a capacity search around `capacityPerSec`. */
export function stepLoads(capacityPerSec: number): readonly number[] {
  return [0.52, 0.8, 1.28, 1.1, 0.93, 1.04, 0.98].map((share) => share * capacityPerSec)
}
