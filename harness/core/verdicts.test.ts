import { describe, expect, it } from 'vitest'
import { armLabel, type FixStep } from './fixes/index.ts'
import type { ArmResult, Capacity, FixVerdict } from './result.ts'
import { candidatesToReplay, conclude, fixVerdict, verdictWithoutToday } from './verdicts.ts'

const peak = { peakPerSec: 60, keepHeadroom: 0 }
const today = { perSec: 31, low: 28, high: 34 }
const ratio = (estimate: number, low: number, high: number) => ({ estimate, low, high })

describe('fixVerdict', () => {
  it.each<[FixVerdict, Parameters<typeof fixVerdict>[0]]>([
    ['fixes', { capacity: { perSec: 101, low: 92, high: 110 }, ratio: ratio(3.3, 2.8, 3.8) }],
    ['helps', { capacity: { perSec: 58, low: 52, high: 64 }, ratio: ratio(1.9, 1.6, 2.2) }],
    ['harms', { capacity: { perSec: 20, low: 18, high: 22 }, ratio: ratio(0.65, 0.5, 0.8) }],
    ['no-effect', { capacity: { perSec: 31, low: 28, high: 35 }, ratio: ratio(1, 0.85, 1.2) }],
    ['inconclusive', { capacity: { perSec: 40, low: 25, high: 62 }, ratio: ratio(1.3, 0.8, 2) }],
    ['inconclusive', { capacity: null, ratio: null }],
  ])('%s', (verdict, arm) => {
    expect(fixVerdict(arm, today, peak).verdict).toBe(verdict)
  })

  it('the bound of no effect is held against the peak, and is printed: the lower of its own end and ratio.high × baseline.high', () => {
    const arm = { capacity: { perSec: 31, low: 28, high: 35 }, ratio: ratio(1, 0.85, 1.2) }
    expect(fixVerdict(arm, today, { ...peak, peakPerSec: 36 }).verdict).toBe('no-effect')
    expect(fixVerdict(arm, today, { ...peak, peakPerSec: 34 }).verdict).toBe('inconclusive')
    // 1.2 × 34 = 40.8, whatever else the fixed topology might have carried.
    const wide = { ...arm, capacity: { perSec: 31, low: 20, high: 50 } }
    expect(fixVerdict(wide, today, { ...peak, peakPerSec: 41 }).verdict).toBe('no-effect')
    expect(fixVerdict(wide, today, { ...peak, peakPerSec: 40 }).verdict).toBe('inconclusive')
    const { because } = fixVerdict(arm, today, peak)
    expect(because).toContain('alone it buys nothing')
    expect(because).toContain('at most 35 of the 60')
  })

  it('the headroom asked for counts', () => {
    const arm = { capacity: { perSec: 80, low: 70, high: 90 }, ratio: ratio(2.6, 2.2, 3) }
    expect(fixVerdict(arm, today, peak).verdict).toBe('fixes')
    expect(fixVerdict(arm, today, { ...peak, keepHeadroom: 0.3 }).verdict).toBe('helps')
  })

  it('nothing has to be fixed where today holds', () => {
    const roomy = { perSec: 100, low: 90, high: 110 }
    const arm = { capacity: { perSec: 102, low: 92, high: 112 }, ratio: ratio(1.02, 0.85, 1.2) }
    expect(fixVerdict(arm, roomy, peak)).toMatchObject({ verdict: 'no-effect' })
    expect(fixVerdict(arm, roomy, peak).because).toContain('today already carries')
  })
})

describe('verdictWithoutToday', () => {
  const carries = { perSec: 80, low: 65, high: 90 }

  it('a fix that surely carries the peak fixes what broke; by how much is not said', () => {
    expect(verdictWithoutToday(carries, true, peak)).toMatchObject({
      verdict: 'fixes',
      because: expect.stringContaining('could not be measured'),
    })
  })

  it.each([
    ['where today may hold as well', carries, false, peak],
    ['where it may not carry the peak', { perSec: 65, low: 55, high: 80 }, true, peak],
    ['where it may not carry the headroom', carries, true, { ...peak, keepHeadroom: 0.3 }],
  ])('%s, nothing is concluded', (_, capacity, broke, asked) => {
    expect(verdictWithoutToday(capacity, broke, asked).verdict).toBe('inconclusive')
  })
})

function arm(verdict: FixVerdict, perSec: number, cost: number, ...fixes: FixStep[]): ArmResult {
  const capacity = {
    perSec,
    low: perSec * 0.9,
    high: perSec * 1.1,
    clicksPerSec: 0,
    ordersPerMin: 0,
    limitedBy: null,
    lastPass: null,
    firstFail: null,
    method: '',
  } satisfies Capacity
  const label = armLabel(fixes)
  return {
    arm: 1,
    fixes,
    label,
    topology: null,
    capacity,
    steps: [],
    ratio: null,
    verdict,
    because: '',
    predicted: null,
    limitedBy: null,
    cost,
    sideEffects: [],
  }
}
const scaleUp: FixStep = { id: 'database.scale-up', step: 3 }
const scaleOut: FixStep = { id: 'app.scale-out', step: 2 }

describe('candidatesToReplay', () => {
  it('are the fixes that hold, the cheapest first', () => {
    const dear = arm('fixes', 120, 3, scaleUp, scaleOut)
    const cheap = arm('fixes', 80, 2, scaleUp)
    const roomier = arm('fixes', 90, 2, scaleUp)
    const short = arm('helps', 55, 1, scaleOut)
    expect(candidatesToReplay([short, dear, cheap, roomier], 60)).toEqual([roomier, cheap, dear])
  })

  it('then those that may carry the peak, the largest first', () => {
    const may = arm('helps', 66, 1, scaleUp)
    const more = arm('helps', 70, 2, scaleUp)
    const dear = arm('fixes', 120, 3, scaleUp, scaleOut)
    expect(candidatesToReplay([may, arm('helps', 55, 1, scaleOut), more, dear], 60)).toEqual([
      dear,
      more,
      may,
    ])
  })
})

describe('conclude', () => {
  it('names the winner and what buys nothing', () => {
    const arms = [
      arm('helps', 58, 2, scaleUp),
      arm('no-effect', 31, 1, scaleOut),
      arm('fixes', 101, 3, scaleUp, scaleOut),
    ]
    const said = conclude(today, arms, peak)
    expect(said).toContain('Database CPU ×3 + load balancing over 2 servers carries the peak: 101')
    expect(said).toContain('Load balancing over 2 servers alone buys nothing.')
  })

  it('names what carries the peak without a capacity of today, and that nothing is compared', () => {
    const said = conclude(null, [arm('fixes', 101, 3, scaleUp)], peak)
    expect(said).toMatch(/^Database CPU ×3 carries the peak: 101 .*Today's capacity could not be measured/)
  })

  it('says when no fix holds, and what came nearest', () => {
    const arms = [arm('no-effect', 31, 2, scaleUp), arm('no-effect', 31, 1, scaleOut)]
    expect(conclude(today, arms, peak)).toMatch(/^No fix tried holds.*alone buy nothing\.$/)
    expect(conclude(today, [arm('helps', 48, 2, scaleUp)], peak)).toContain('80 % of the peak')
    expect(conclude(today, [arm('inconclusive', 48, 2, scaleUp)], peak)).toContain('no clear answer')
    expect(conclude(today, [arm('not-run', 0, 2, scaleUp)], peak)).toContain('No fix could be run')
  })

  it('needs no fix where today holds, and compares nothing without a baseline', () => {
    expect(conclude({ perSec: 100, low: 90, high: 110 }, [], peak)).toContain('Today holds')
    expect(conclude(null, [], peak)).toContain('could not be measured')
  })
})
