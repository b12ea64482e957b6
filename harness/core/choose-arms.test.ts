import { describe, expect, it } from 'vitest'
import { type ArmsState, nextArms } from './choose-arms.ts'
import { applyFixes } from './fixes.ts'
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
})
