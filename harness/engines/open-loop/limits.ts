import { HarnessError } from '../../core/errors.ts'
import { type LoadPlan, planDurationSec } from '../../core/plan.ts'
import { peakPerSec } from '../../core/traffic/curve.ts'

/** Throws a `usage` error when a plan asks for more than its own ceilings allow. */
export function checkLimits(plan: LoadPlan): void {
  const { maxPerSec, maxDurationSec } = plan.limits
  const peak = peakPerSec(plan.curve)
  if (peak > maxPerSec) throw tooMuch(`${peak} shoppers/s`, `${maxPerSec} shoppers/s`, 'maxPerSec')
  const durationSec = planDurationSec(plan)
  if (durationSec > maxDurationSec) throw tooMuch(`${durationSec} s`, `${maxDurationSec} s`, 'maxDurationSec')
}

function tooMuch(asked: string, allowed: string, limit: string): HarnessError {
  return new HarnessError({
    code: 'usage',
    message: `The plan asks for ${asked}; its ceiling is ${allowed}.`,
    where: `limits.${limit}`,
    hint: 'Lower the load, or raise the ceiling if the target can bear it.',
  })
}
