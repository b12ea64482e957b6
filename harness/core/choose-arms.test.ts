import { describe, expect, it } from 'vitest'
import { type ArmsState, mayFollow, nextArms } from './choose-arms.ts'
import { applyFixes, type FixId } from './fixes/index.ts'
import type { ServiceDemand, ServiceDemands } from './model/operational-laws.ts'
import { DEFAULT_TOPOLOGY, HARNESS_CPU, type Topology, topologyCpu } from './topology.ts'

const demand = (demandSec: number, components = 1): ServiceDemand => ({
  demandSec,
  idleCores: 0.01,
  components,
  points: 5,
  method: 'fitted',
})
/** The reference case: the database carries 31 shoppers/s, the app 60. */
const demands: ServiceDemands = { database: demand(0.0055), app: demand(0.0045), balancer: demand(0.001) }
const state: ArmsState = {
  today: DEFAULT_TOPOLOGY,
  diagnosed: null,
  asked: [],
  capacityPerSec: 31,
  demands,
  utilisation: 0.95,
  peakPerSec: 60,
  keepHeadroom: 0.3,
  hostCores: 2,
  measured: [],
}
const cpu = (topology: Topology) => topologyCpu(topology) + HARNESS_CPU.generator + HARNESS_CPU.supervisor

describe('nextArms', () => {
  it('tries both reference fixes alone, each with the smallest step that makes its own resource carry the peak with headroom', () => {
    const arms = nextArms(state)
    expect(arms.map(({ fixes }) => fixes)).toEqual([
      [{ id: 'database.scale-up', step: 3 }],
      [{ id: 'app.scale-out', step: 2 }],
    ])
    // 3 × 0.2 cores carry 101/s, but then the app binds: (0.3 × 0.95 − 0.01) ÷ 0.0045 = 61.1.
    expect(arms[0]!.predicted).toMatchObject({ limitedBy: 'app' })
    expect(arms[0]!.predicted!.perSec).toBeCloseTo(61.1, 1)
    expect(arms[1]!.predicted).toMatchObject({ limitedBy: 'database' })
    expect(arms.every(({ notRun }) => notRun === null)).toBe(true)
  })

  it('without headroom asked for a smaller step will do', () => {
    expect(nextArms({ ...state, keepHeadroom: 0 })[0]!.fixes).toEqual([{ id: 'database.scale-up', step: 2 }])
  })

  it('tries both together only when neither holds alone', () => {
    const alone = nextArms(state)
    const measured = (up: 'helps' | 'fixes') => [
      { fixes: alone[0]!.fixes, verdict: up },
      { fixes: alone[1]!.fixes, verdict: 'no-effect' as const },
    ]
    expect(nextArms({ ...state, measured: measured('fixes') })).toEqual([])
    const both = nextArms({ ...state, measured: measured('helps') })
    expect(both).toHaveLength(1)
    expect(both[0]!.fixes).toEqual([...alone[0]!.fixes, ...alone[1]!.fixes])
    expect(both[0]!.predicted!.perSec).toBeGreaterThan(60)
    expect(
      nextArms({ ...state, measured: [...measured('helps'), { fixes: both[0]!.fixes, verdict: 'helps' }] }),
    ).toEqual([])
    expect(
      nextArms({ ...state, measured: measured('helps').slice(0, 1) }).map(({ fixes }) => fixes[0]!.id),
    ).toEqual(['app.scale-out'])
  })

  it('tries single flight where pages are kept without it, first, and once', () => {
    const keeping = (settings: Topology['app']['settings']) =>
      nextArms({ ...state, today: { ...state.today, app: { ...state.today.app, settings } } })
    const [lone, ...others] = keeping({ cache: 'process' })
    expect(lone).toMatchObject({ fixes: [{ id: 'cache.single-flight', step: 1 }], notRun: null, cost: 0 })
    expect(others).toHaveLength(2)
    expect(keeping({ cache: 'redis', singleFlight: 1 })).toHaveLength(2)
    expect(keeping({ cache: 'none' })).toHaveLength(2)
    const today = { ...state.today, app: { ...state.today.app, settings: { cache: 'redis' } } }
    const measured = [{ fixes: lone!.fixes, verdict: 'no-effect' as const }]
    expect(nextArms({ ...state, today, measured })).toHaveLength(2)
    expect(applyFixes(today, lone!.fixes).app.settings).toEqual({ cache: 'redis', singleFlight: 1 })
  })

  it('shrinks every arm to what fits the host', () => {
    for (const hostCores of [1.4, 1.6, 1.8, 2]) {
      const measured = [
        { fixes: [{ id: 'database.scale-up' as const, step: 2 }], verdict: 'helps' as const },
        { fixes: [{ id: 'app.scale-out' as const, step: 2 }], verdict: 'no-effect' as const },
      ]
      for (const arms of [
        nextArms({ ...state, hostCores, peakPerSec: 200 }),
        nextArms({ ...state, hostCores, peakPerSec: 200, measured }),
      ])
        for (const { fixes, notRun } of arms) {
          const fits = cpu(applyFixes(DEFAULT_TOPOLOGY, fixes)) <= hostCores + 1e-9
          expect(fits || notRun !== null).toBe(true)
        }
    }
    // 95 % of 1.475 cores leave 0.25: the database can have 0.45, a second server of 0.3 cannot start.
    const [up, out] = nextArms({ ...state, hostCores: 1.475, peakPerSec: 200 })
    expect(up!).toMatchObject({ fixes: [{ id: 'database.scale-up', step: 2.25 }], notRun: null })
    expect(out!.notRun).toContain('1.475 cores')
  })

  it('below × 1.25 an arm is not run, and says why', () => {
    const [up] = nextArms({ ...state, hostCores: 1.255 })
    expect(up!.notRun).toContain('×1.20')
  })

  it('splits spare CPU where it carries most when both cannot have all they want', () => {
    const measured = [
      { fixes: [{ id: 'database.scale-up' as const, step: 3 }], verdict: 'helps' as const },
      { fixes: [{ id: 'app.scale-out' as const, step: 4 }], verdict: 'no-effect' as const },
    ]
    const [both] = nextArms({ ...state, peakPerSec: 200, measured })
    expect(both!.notRun).toBeNull()
    expect(both!.fixes.find(({ id }) => id === 'app.scale-out')!.step).toBe(2)
  })

  it('takes a middle step where nothing is known of the demands, and counts servers from what there is', () => {
    expect(nextArms({ ...state, demands: null }).map(({ fixes }) => fixes[0]!.step)).toEqual([2, 2])
    const two = { ...DEFAULT_TOPOLOGY, app: { ...DEFAULT_TOPOLOGY.app, instances: 2, cpu: 0.2 } }
    expect(nextArms({ ...state, today: two, demands: null })[1]!.fixes).toEqual([
      { id: 'app.scale-out', step: 3 },
    ])
  })

  describe('goes by what was diagnosed', () => {
    const flawed = (...flaws: string[]): Topology => ({
      ...DEFAULT_TOPOLOGY,
      app: { ...DEFAULT_TOPOLOGY.app, flaws },
    })
    const ids = (given: Partial<ArmsState>) =>
      nextArms({ ...state, ...given }).map(({ fixes }) => fixes.map(({ id }) => id).join('+'))

    it('tries the fix of just that first, and more of everything after it', () => {
      expect(ids({ today: flawed('missing-index'), diagnosed: 'database-missing-index' })).toEqual([
        'database.index',
        'database.scale-up',
        'app.scale-out',
      ])
      expect(ids({ diagnosed: 'pool-wait' })).toEqual(['app.pool-size', 'app.scale-out', 'database.scale-up'])
      expect(ids({ diagnosed: 'database-cpu' })).toEqual(['database.scale-up', 'app.scale-out'])
      expect(ids({ diagnosed: 'app-cpu' })).toEqual(['app.scale-out', 'database.scale-up'])
    })

    it('mends the shop where the diagnosis names another class than that of the flaw', () => {
      expect(ids({ today: flawed('missing-index'), diagnosed: 'database-cpu' })[0]).toBe('shop.mend')
      expect(ids({ today: flawed('n-plus-one'), diagnosed: null })[0]).toBe('shop.mend')
      expect(ids({ today: flawed('hot-row', 'n-plus-one'), diagnosed: 'database-lock' })).toEqual([
        'checkout.shorten-lock',
        'shop.mend',
        'database.scale-up',
        'app.scale-out',
      ])
    })

    it('does not try the same topology twice under two names', () => {
      const measured = [{ fixes: [{ id: 'database.index' as const, step: 1 }], verdict: 'helps' as const }]
      expect(ids({ today: flawed('scan-search'), diagnosed: 'database-cpu', measured })).toEqual([
        'database.scale-up',
        'app.scale-out',
      ])
    })

    it('tries no pair when anything holds alone', () => {
      const both = nextArms(state).map(({ fixes }) => ({ fixes, verdict: 'helps' as const }))
      const mended = { fixes: [{ id: 'shop.mend' as const, step: 1 }], verdict: 'fixes' as const }
      expect(ids({ today: flawed('n-plus-one'), measured: [...both, mended] })).toEqual([])
      expect(mayFollow({ ...state, measured: [mended] })).toBe(0)
      expect(mayFollow(state)).toBe(1)
    })
  })

  it('tries what was asked for, whatever was diagnosed, and nothing else', () => {
    const asked = (...ids: FixId[]) => nextArms({ ...state, asked: ids })
    expect(asked('cache.add').map(({ fixes }) => fixes[0]!.id)).toEqual(['cache.add'])
    expect(asked('shop.waiting-room')[0]).toMatchObject({
      fixes: [{ id: 'shop.waiting-room', step: 24 }],
      notRun: null,
      predicted: null,
    })
    expect(asked('database.index')[0]!.notRun).toMatch(/is not planted/)
    const unmeasured = nextArms({ ...state, asked: ['shop.waiting-room'], capacityPerSec: null })
    expect(unmeasured[0]!.notRun).toMatch(/was not measured/)
    const both = asked('database.scale-up', 'app.scale-out')
    const measured = both.map(({ fixes }) => ({ fixes, verdict: 'helps' as const }))
    const pair = nextArms({ ...state, asked: ['database.scale-up', 'app.scale-out'], measured })
    expect(pair.map(({ fixes }) => fixes.length)).toEqual([2])
    expect(nextArms({ ...state, asked: ['database.scale-up'], measured: measured.slice(0, 1) })).toEqual([])
  })

  it('does not put together what did not come up alone', () => {
    const [up, out] = nextArms(state)
    const measured = [
      { fixes: up!.fixes, verdict: 'helps' as const },
      { fixes: out!.fixes, verdict: 'not-run' as const },
    ]
    expect(nextArms({ ...state, measured })).toMatchObject([
      { notRun: 'load balancing over 2 servers alone did not come up' },
    ])
  })

  it('a scale-out for which there is no room is called what it would have been', () => {
    const out = nextArms({ ...state, hostCores: 1.475 }).find(({ fixes }) => fixes[0]!.id === 'app.scale-out')
    expect(out!.label).toBe('load balancing over 2 servers')
    expect(out!.notRun).toMatch(/one more server of 0\.30 cores would not fit .* \(0\.25 are free\)/)
  })
})
