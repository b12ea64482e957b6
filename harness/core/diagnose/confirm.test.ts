import { describe, expect, it } from 'vitest'
import type { BottleneckClass } from '../bottleneck.ts'
import type { FixStep } from '../fixes/index.ts'
import type { ArmResult, Diagnosis, FixVerdict } from '../result.ts'
import { confirm } from './confirm.ts'

const diagnosis = (of: BottleneckClass, runnerUp: BottleneckClass | null): Diagnosis => ({
  bottleneck: {
    class: of,
    resource: 'db',
    confidence: 'likely',
    against: null,
    evidence: [],
    runnerUp,
    says: 'so it is',
  },
  ruledOut: [],
  findings: [],
})
const up: FixStep = { id: 'database.scale-up', step: 3 }
const out: FixStep = { id: 'app.scale-out', step: 2 }
const capacity = {
  perSec: 60,
  low: 55,
  high: 66,
  clicksPerSec: 0,
  ordersPerMin: 0,
  limitedBy: null,
  lastPass: null,
  firstFail: null,
  method: '',
}
const arm = (
  verdict: FixVerdict,
  ...fixes: FixStep[]
): Pick<ArmResult, 'fixes' | 'verdict' | 'capacity'> => ({ fixes, verdict, capacity })
const tried = (found: Diagnosis, ...arms: Parameters<typeof confirm>[1][number][]) => {
  const { confidence, against } = confirm(found, arms).bottleneck
  return [confidence, against]
}

describe('confirm', () => {
  it('confirms when the one change moved capacity and the rival said it would not', () => {
    expect(tried(diagnosis('database-cpu', 'pool-wait'), arm('helps', up), arm('no-effect', out))).toEqual([
      'confirmed',
      'pool-wait',
    ])
    expect(tried(diagnosis('app-cpu', 'database-cpu'), arm('no-effect', up), arm('fixes', out))).toEqual([
      'confirmed',
      'database-cpu',
    ])
  })

  it('stays likely when the rival would have said the same', () => {
    expect(tried(diagnosis('database-cpu', 'database-missing-index'), arm('helps', up))).toEqual([
      'likely',
      null,
    ])
    expect(tried(diagnosis('database-missing-index', 'app-cpu'), arm('helps', up))).toEqual(['likely', null])
  })

  it('takes confidence away when the predicted gain did not come', () => {
    expect(tried(diagnosis('database-cpu', 'pool-wait'), arm('no-effect', up))).toEqual([
      'not-confirmed',
      null,
    ])
    expect(tried(diagnosis('pool-wait', 'database-lock'), arm('harms', out))).toEqual(['not-confirmed', null])
  })

  it('is only likely when another change helped as well', () => {
    expect(tried(diagnosis('database-cpu', 'app-cpu'), arm('helps', up), arm('helps', out))).toEqual([
      'likely',
      null,
    ])
    expect(tried(diagnosis('database-lock', 'pool-wait'), arm('helps', up))).toEqual(['not-confirmed', null])
  })

  it('a lock that no fix moved is likely, not confirmed: nothing was changed that could confirm it', () => {
    expect(
      tried(diagnosis('database-lock', 'pool-wait'), arm('no-effect', up), arm('no-effect', out)),
    ).toEqual(['likely', null])
  })

  it('is likely when more of everything helped against a waste: only what ends the waste confirms it', () => {
    expect(tried(diagnosis('retry-storm', 'pool-wait'), arm('helps', up))).toEqual(['likely', null])
    expect(tried(diagnosis('database-bloat', 'pool-wait'), arm('fixes', up))).toEqual(['likely', null])
    expect(tried(diagnosis('database-idle-in-transaction', 'pool-wait'), arm('helps', out))).toEqual([
      'likely',
      null,
    ])
    expect(tried(diagnosis('database-wal', 'pool-wait'), arm('helps', up))).toEqual(['not-confirmed', null])
  })

  it('a fix that helps against several classes confirms the one whose rival it does not help', () => {
    const single: FixStep = { id: 'cache.single-flight', step: 1 }
    expect(tried(diagnosis('cache-stampede', 'database-cpu'), arm('helps', single))).toEqual([
      'confirmed',
      'database-cpu',
    ])
    expect(tried(diagnosis('cache-stampede', null), arm('helps', single))).toEqual(['likely', null])
  })

  it('two changes at once, unmeasured and undecided fixes confirm nothing', () => {
    for (const arms of [[arm('fixes', up, out)], [arm('not-run', up)], [arm('inconclusive', up)], []])
      expect(tried(diagnosis('database-cpu', 'pool-wait'), ...arms)).toEqual(['likely', null])
  })

  it('lists what was measured to help, and leaves none alone', () => {
    const { findings } = confirm(diagnosis('database-cpu', 'pool-wait'), [
      arm('helps', up),
      arm('no-effect', out),
    ])
    expect(findings[0]!.fixes).toEqual([
      {
        id: 'database.scale-up',
        gain: { metric: 'capacityPerSec', low: 55, likely: 60, high: 66, method: 'measured' },
      },
    ])
    const none = diagnosis('none', null)
    expect(confirm(none, [arm('helps', up)])).toBe(none)
  })
})
