import type { LoadPlan } from '../../../core/plan.ts'

/** Plans of one journey of a scenario's file, for engines in a process of their own: `planOf(journey, perSec, sec)`. */
export function enginePlans(
  scenario: () => Pick<LoadPlan, 'scenarioPath' | 'scenarioHash'>,
  thinkTime: LoadPlan['journeys'][number]['thinkTime'],
) {
  return (
    journey: string,
    perSec: number,
    durationSec: number,
    change: Partial<LoadPlan> = {},
  ): LoadPlan => ({
    ...scenario(),
    purpose: 'step',
    seed: 5,
    curve: [
      { atSec: 0, perSec },
      { atSec: durationSec, perSec },
    ],
    arrivals: { kind: 'poisson' },
    journeys: [{ name: journey, weight: 1, thinkTime }],
    patience: { timeoutMs: 3000, reloads: 1 },
    fillSec: 0,
    partition: { index: 0, of: 1 },
    limits: { maxInFlight: 1000, maxPerSec: 200, maxDurationSec: 60 },
    ending: 'cut',
    graceMs: 6000,
    ...change,
  })
}
