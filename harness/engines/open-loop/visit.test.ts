import { mean } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import type { LoadPlan, ThinkTime } from '../../core/plan.ts'
import { planOf, scenarioOf } from './testing/stub-drive.ts'
import { casting } from './visit.ts'

const nothing = async () => {}
const SCENARIO = scenarioOf([
  { name: 'browse', weight: 95, steps: nothing },
  { name: 'buy', weight: 5, steps: nothing },
])

function thinking(thinkTime: ThinkTime, n = 20_000): number[] {
  const plan = planOf(SCENARIO, 1, 1, { journeys: [{ name: 'buy', weight: 1, thinkTime }] })
  const cast = casting(plan, SCENARIO, 1, () => null)
  return Array.from({ length: n / 10 }, (_, index) => {
    const visit = cast(index, 0)
    return Array.from({ length: 10 }, () => visit.thinkUs() / 1000)
  })
    .flat()
    .sort((a, b) => a - b)
}

describe('think time', () => {
  it('is as long on average as its distribution says', () => {
    expect(mean(thinking({ kind: 'fixed', ms: 700 }, 100))).toBe(700)
    // Standard errors: 0.5 %, 0.7 %, and 1 % of the median; four of them.
    expect(mean(thinking({ kind: 'uniform', minMs: 300, maxMs: 2000 })) / 1150).toBeCloseTo(1, 1)
    const exponential = thinking({ kind: 'exponential', meanMs: 1000 })
    expect(Math.abs(mean(exponential) / 1000 - 1)).toBeLessThan(0.03)
    expect(exponential.at(-1)!).toBeGreaterThan(6000)
    const logNormal = thinking({ kind: 'log-normal', medianMs: 1000, sigma: 0.8 })
    expect(Math.abs(logNormal[10_000]! / 1000 - 1)).toBeLessThan(0.03)
    // Mean of a log-normal: median × e^(sigma² ÷ 2); 84 % lie below median × e^sigma.
    expect(Math.abs(mean(logNormal) / (1000 * Math.exp(0.32)) - 1)).toBeLessThan(0.04)
    expect(Math.abs(logNormal[16_827]! / (1000 * Math.exp(0.8)) - 1)).toBeLessThan(0.05)
  })

  it('never exceeds ten minutes', () => {
    expect(thinking({ kind: 'log-normal', medianMs: 500_000, sigma: 3 }).at(-1)).toBe(600_000)
  })
})

describe('the mix', () => {
  const drifting: Partial<LoadPlan> = {
    curve: [
      { atSec: 0, perSec: 5 },
      { atSec: 10, perSec: 5 },
      { atSec: 20, perSec: 60 },
      { atSec: 30, perSec: 60 },
    ],
    journeys: [
      { name: 'browse', weight: 95, peakWeight: 50, thinkTime: { kind: 'fixed', ms: 0 } },
      { name: 'buy', weight: 5, peakWeight: 50, thinkTime: { kind: 'fixed', ms: 0 } },
    ],
    drift: { normalPerSec: 5, peakPerSec: 60 },
  }
  const shareOfBuyers = (atSec: number, change: Partial<LoadPlan> = drifting): number => {
    const cast = casting(planOf(SCENARIO, 1, 1, change), SCENARIO, 1, () => null)
    const buyers = Array.from({ length: 4000 }, (_, index) => cast(index, atSec * 1e6).journey.name === 'buy')
    return mean(buyers.map(Number))
  }

  it('goes from that of normal load to that of the peak, with the load', () => {
    expect(shareOfBuyers(5)).toBeCloseTo(0.05, 2)
    expect(shareOfBuyers(15)).toBeCloseTo(0.275, 2)
    expect(shareOfBuyers(25)).toBeCloseTo(0.5, 2)
    // Before second 0 the load is that of second 0.
    expect(shareOfBuyers(-3)).toBeCloseTo(0.05, 2)
  })

  it('stays as it is where nothing drifts', () => {
    expect(shareOfBuyers(25, { journeys: drifting.journeys! })).toBeCloseTo(0.05, 2)
  })
})
