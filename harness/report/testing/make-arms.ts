import { applyFixes, armLabel, type FixStep } from '../../core/fixes/index.ts'
import type { ArmResult, Bottleneck, Capacity, FixVerdict, StepResult, WhatIf } from '../../core/result.ts'
import { TODAY } from './facts.ts'
import { CLICKS_PER_SHOPPER, PEAK_PER_SEC, stepLoads } from './simulate-surge.ts'

/** Made-up capacities, and what fixes did to them. */

export function measured(perSec: number) {
  return {
    peak: { perSec: PEAK_PER_SEC, clicksPerSec: PEAK_PER_SEC * CLICKS_PER_SHOPPER, ordersPerMin: 288 },
    capacity: capacity(perSec),
    covers: perSec / PEAK_PER_SEC,
    headroom: perSec / PEAK_PER_SEC - 1,
  }
}

export function capacity(perSec: number): Capacity {
  return {
    perSec,
    low: perSec * 0.91,
    high: perSec * 1.09,
    clicksPerSec: perSec * CLICKS_PER_SHOPPER,
    ordersPerMin: perSec * 4.8,
    limitedBy: { class: 'database-cpu', says: 'database CPU, 98 % of 0.20 cores' },
    lastPass: perSec * 0.98,
    firstFail: perSec * 1.04,
    method: '95 % interval of the posterior over 7 steps',
  }
}

export function whatIf(today: number, arms: readonly ArmResult[]): WhatIf {
  const baseline = armResult(0, [], today, 'inconclusive', today, 'database-cpu')
  const conclusion = 'Only both together hold: the database gives way first, then the app servers.'
  return { baseline: { ...baseline, because: '' }, arms, conclusion }
}

export function armResult(
  arm: number,
  fixes: readonly FixStep[],
  perSec: number,
  verdict: FixVerdict,
  today: number,
  limit: Bottleneck['class'],
): ArmResult {
  const ratio = perSec / today
  const bound = `at most ×${(ratio * 1.12).toFixed(2)}, which could not carry the peak`
  return {
    arm,
    fixes,
    label: armLabel(fixes),
    topology: applyFixes(TODAY, fixes),
    capacity: capacity(perSec),
    steps: stepLoads(perSec).map((offered, i) => step(arm * 10 + i + 2, offered, perSec)),
    ratio: { estimate: ratio, low: ratio * 0.9, high: ratio * 1.12 },
    verdict,
    because: verdict === 'no-effect' ? bound : '',
    predicted: perSec * 1.06,
    limitedBy: { class: limit, says: 'nearest its limit at the highest steps' },
    cost: fixes.reduce((sum, fix) => sum + fix.step - 1, 0),
    sideEffects: fixes.map(({ id }) =>
      id === 'database.scale-up' ? 'a restart of the database' : 'more connections',
    ),
  }
}

function step(segment: number, offeredPerSec: number, capacityPerSec: number): StepResult {
  const load = offeredPerSec / capacityPerSec
  const held = load <= 1.01
  const p95Ms = held ? 45 / (1.06 - load) ** 0.6 : load > 1.2 ? null : 300 * load ** 9
  return {
    segment,
    offeredPerSec,
    achievedPerSec: Math.min(load, 1.02) * capacityPerSec * CLICKS_PER_SHOPPER,
    clicks: Math.round(offeredPerSec * CLICKS_PER_SHOPPER * 4),
    p50Ms: p95Ms === null ? 1800 : p95Ms * 0.4,
    p95Ms,
    p99Ms: p95Ms === null ? null : p95Ms * 1.4,
    errorRatio: p95Ms === null ? 0.12 : 0,
    verdict: held ? 'pass' : 'fail',
    because: held ? 'every objective holds' : 'p95 of all clicks > 300 ms',
  }
}
