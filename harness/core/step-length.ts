/** How many times longer than usual a step may last. */
const LONGEST = 4
/** Arrivals are random: so many times the clicks that are needed are aimed at. */
const RESERVE = 1.3

/**
 * Seconds a step lasts: as long as usual, or longer where too few clicks would come to judge it by. `clicksEach`: clicks
 * per shopper in the steps before; `null` before the first.
 */
export function stepLengthSec(step: {
  readonly usualSec: number
  readonly perSec: number
  readonly clicksEach: number | null
  readonly clicksNeeded: number
}): number {
  const { usualSec, perSec, clicksEach, clicksNeeded } = step
  if (!clicksEach) return usualSec
  const neededSec = (clicksNeeded * RESERVE) / (perSec * clicksEach)
  // Whole seconds, as the record counts.
  return Math.min(usualSec * LONGEST, Math.max(usualSec, Math.ceil(neededSec)))
}
