import { describe, expect, it } from 'vitest'
import type { SeriesLine } from '../record.ts'
import { buildRun } from '../testing/build-run.ts'
import { series } from '../testing/build-segment.ts'
import { DEFAULT_TOPOLOGY } from '../topology.ts'
import {
  predictCapacity,
  type ServiceDemands,
  serviceDemands,
  utilisationAtCapacity,
} from './operational-laws.ts'

const known = (demandSec: number, idleCores = 0, components = 1) => ({
  demandSec,
  idleCores,
  components,
  points: 5,
  method: 'fitted' as const,
})
const oneCoreEach = {
  ...DEFAULT_TOPOLOGY,
  balancer: { ...DEFAULT_TOPOLOGY.balancer, cpu: 1 },
  app: { ...DEFAULT_TOPOLOGY.app, cpu: 1 },
  database: { ...DEFAULT_TOPOLOGY.database, cpu: 1 },
}

describe('the bottleneck bound (field notes §2: D = 5, 10, 2 ms → X ≤ 1 ÷ D_max = 100/s)', () => {
  const demands: ServiceDemands = { app: known(0.005), database: known(0.01), balancer: known(0.002) }

  it('is budget ÷ the largest demand', () => {
    expect(predictCapacity(demands, oneCoreEach, 1)).toEqual({ perSec: 100, limitedBy: 'database' })
  })

  it('"does scaling fix it": more of the resource that does not bind buys nothing, more of the other moves the bound', () => {
    const twoServers = { ...oneCoreEach, app: { ...oneCoreEach.app, instances: 2 } }
    expect(predictCapacity(demands, twoServers, 1)!.perSec).toBe(100)
    const bigDatabase = { ...oneCoreEach, database: { ...oneCoreEach.database, cpu: 4 } }
    expect(predictCapacity(demands, bigDatabase, 1)).toEqual({ perSec: 200, limitedBy: 'app' })
  })

  it('utilisation law: U = X · D ÷ m, so at 90/s the database is used to 90 %', () => {
    expect(utilisationAtCapacity(demands, oneCoreEach, 90)).toBeCloseTo(0.9)
    expect(
      predictCapacity(demands, oneCoreEach, utilisationAtCapacity(demands, oneCoreEach, 90))!.perSec,
    ).toBeCloseTo(90)
  })

  it('one event loop uses one core at most, and idle use comes off every component', () => {
    const wide = {
      ...oneCoreEach,
      database: { ...oneCoreEach.database, cpu: 8 },
      app: { ...oneCoreEach.app, cpu: 4, instances: 2 },
    }
    const idle: ServiceDemands = { ...demands, app: known(0.005, 0.1) }
    expect(predictCapacity(idle, wide, 1)).toEqual({ perSec: (2 * 0.9) / 0.005, limitedBy: 'app' })
  })

  it('says nothing where nothing is known', () => {
    expect(predictCapacity({ app: null, database: null, balancer: null }, oneCoreEach, 1)).toBeNull()
  })
})

describe('serviceDemands', () => {
  /** U = idle + D · X, read once a second, at two app servers that share the load. */
  const cpu = (startUs: number, perSec: number, seconds: number, noise = 0): SeriesLine[] =>
    Array.from({ length: seconds }, (_, sec) => {
      const at = startUs + (sec + 1) * 1e6
      const wobble = 1 + noise * (sec % 2 === 0 ? 1 : -1)
      return [
        series(at, 'cpu', 'database', 'db', { usedCores: (0.02 + 0.006 * perSec) * wobble }),
        series(at, 'cpu', 'app', 'app-1', { usedCores: 0.03 + 0.002 * perSec }),
        series(at, 'cpu', 'app', 'app-2', { usedCores: 0.03 + 0.002 * perSec }),
      ]
    }).flat()
  /** Engine counts exact, so that clicks ÷ shoppers is 4. */
  const steps = (loads: readonly number[], errorRatio: (perSec: number) => number = () => 0) => {
    const run = buildRun({
      segments: loads.map((perSec) => ({
        perSec,
        durationSec: 4,
        second: () => ({ errorRatio: errorRatio(perSec) }),
        engine: { clicksIntended: perSec * 16, sessionsStarted: perSec * 4 },
      })),
    })
    return {
      ...run,
      segments: run.segments.map((segment, index) => ({
        ...segment,
        series: cpu(segment.line.startUs, loads[index]!, 4, 0.04),
      })),
    }
  }

  it('finds the demand and the idle use from steps', () => {
    const { database, app, balancer } = serviceDemands(steps([20, 25, 30, 35]))
    expect(database).toMatchObject({ method: 'fitted', points: 4, components: 1 })
    expect(database!.demandSec).toBeCloseTo(0.006, 3)
    expect(app!.demandSec).toBeCloseTo(0.004, 4)
    expect(app).toMatchObject({ components: 2 })
    expect(app!.idleCores).toBeCloseTo(0.03, 3)
    expect(balancer).toBeNull()
  })

  it('leaves out steps below half the capacity and steps whose clicks failed', () => {
    const { database } = serviceDemands(steps([5, 20, 30, 35, 60], (perSec) => (perSec === 60 ? 0.4 : 0)))
    expect(database).toMatchObject({ method: 'fitted', points: 3 })
  })

  it('falls back to all points, then to U = X · D, where there are few', () => {
    expect(serviceDemands(steps([5, 30])).database).toMatchObject({ method: 'rough', points: 2 })
    const single = serviceDemands(steps([30])).database!
    expect(single).toMatchObject({ method: 'rough', points: 1, idleCores: 0 })
    expect(single.demandSec).toBeCloseTo(0.2 / 30, 3)
    expect(serviceDemands(steps([])).database).toBeNull()
  })

  it('reads the healthy seconds of the surge when there were no steps', () => {
    const run = buildRun({
      segments: [
        {
          purpose: 'surge',
          curve: [
            { atSec: 0, perSec: 5 },
            { atSec: 20, perSec: 45 },
          ],
          second: (sec, perSec) => ({
            databaseBusy: (0.02 + 0.004 * perSec) / 0.2,
            errorRatio: sec >= 15 ? 0.5 : 0,
          }),
        },
      ],
    })
    const { database } = serviceDemands(run)
    expect(database!.method).toBe('fitted')
    expect(database!.demandSec).toBeGreaterThan(0.0036)
    expect(database!.demandSec).toBeLessThan(0.0044)
  })

  it('takes no idle use from steps at the limit that the calm seconds of the same topology contradict', () => {
    const surge = {
      purpose: 'surge' as const,
      curve: [
        { atSec: 0, perSec: 4 },
        { atSec: 8, perSec: 4 },
        { atSec: 18, perSec: 30 },
      ],
      second: (_: number, perSec: number) => ({ databaseBusy: (0.01 + 0.006 * perSec) / 0.2 }),
    }
    // At the limit every step uses about the whole budget: a line through these alone would call 0.16 cores idle.
    const limit = [27, 29, 32, 35].map((perSec) => ({
      arm: 1,
      perSec,
      durationSec: 4,
      second: () => ({ databaseBusy: Math.min(1, 0.8 + 0.00625 * perSec) }),
    }))
    const { database } = serviceDemands(buildRun({ arms: [{}, {}], segments: [surge, ...limit] }), 1)
    expect(database!.idleCores).toBeLessThan(0.04)
    expect(database!.demandSec).toBeGreaterThan(0.005)
    expect(database!.demandSec).toBeLessThan(0.007)
    const alone = serviceDemands(buildRun({ arms: [{}, {}], segments: limit }), 1).database!
    expect(alone.idleCores).toBeGreaterThan(0.1)
  })
})
