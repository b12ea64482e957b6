import { describe, expect, it } from 'vitest'
import type { BottleneckClass } from '../bottleneck.ts'
import { planDurationSec } from '../plan.ts'
import type { ArmResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { buildRun } from '../testing/build-run.ts'
import type { SegmentSpec } from '../testing/build-segment.ts'
import { readings, type Shape } from '../testing/surge-at-limit.ts'
import { diagnoseToday, earlyCause, surgesOf } from './today.ts'

const DATABASE: Shape = { database: 0.98, onCpu: 6, queryMs: 60 }
const APP: Shape = { app: 0.98, onCpu: 0.5, loopBusy: 0.99, queryMs: 9 }
const BOTH: Shape = { database: 0.98, app: 0.98, onCpu: 1, waiting: 9, loopBusy: 0.99 }

const slow = (perSec: number) => ({ responseMs: perSec > 30 ? 900 : 30 })
const SURGE: SegmentSpec = {
  purpose: 'surge',
  curve: [
    { atSec: 0, perSec: 10 },
    { atSec: 12, perSec: 60 },
  ],
  second: (_, perSec) => slow(perSec),
}
const step = (perSec: number): SegmentSpec => ({
  purpose: 'step',
  perSec,
  durationSec: 4,
  second: () => slow(perSec),
})

/** A run that broke; `surge` and `steps`: what the probes read while more came than it carries. */
function broken(surge: Shape, steps: Shape | null): RunData {
  const run = buildRun({ segments: [SURGE, ...(steps === null ? [] : [25, 35, 35, 30].map(step))] })
  const segments = run.segments.map((segment) => {
    const { startUs, plan, purpose } = segment.line
    const limit = purpose === 'surge' ? surge : (steps ?? {})
    const loaded = (sec: number) => purpose === 'step' || sec >= 5
    const series = Array.from({ length: Math.ceil(planDurationSec(plan)) }, (_, sec) =>
      readings(startUs + (sec + 1) * 1e6, loaded(sec) ? limit : {}),
    ).flat()
    return { ...segment, series }
  })
  return { ...run, segments, series: segments.flatMap(({ series }) => series) }
}

const named = (run: RunData, arms: readonly ArmResult[] = []): BottleneckClass =>
  diagnoseToday(run, surgesOf(run), arms).bottleneck.class

/** A fix that was tried alone and changed nothing. */
const noEffect = (id: 'database.scale-up' | 'app.scale-out') =>
  ({ fixes: [{ id, step: 2 }], verdict: 'no-effect', capacity: null }) as unknown as ArmResult

describe("what bounds today's topology", () => {
  it('is told by the steps around the limit, where they are clear', () => {
    expect(named(broken(BOTH, DATABASE))).toBe('database-cpu')
    expect(named(broken(DATABASE, APP))).toBe('app-cpu')
  })

  it('is told by the surge where there are no steps, or they say nothing', () => {
    expect(named(broken(APP, null))).toBe('app-cpu')
    expect(named(broken(DATABASE, {}))).toBe('database-cpu')
  })

  it('is never what a fix of just that did not move, while it can be something else', () => {
    const open = broken(BOTH, null)
    const [first, second] =
      named(open) === 'app-cpu'
        ? (['app.scale-out', 'database-cpu'] as const)
        : (['database.scale-up', 'app-cpu'] as const)
    expect(named(open, [noEffect(first)])).toBe(second)
    const refuted = diagnoseToday(open, surgesOf(open), [noEffect(first)])
    expect(refuted.ruledOut.map(({ because }) => because).join()).toContain('changed nothing')
  })

  it('keeps its name, without confidence, when nothing else can be', () => {
    const { bottleneck } = diagnoseToday(broken(APP, APP), [], [noEffect('app.scale-out')])
    expect(bottleneck).toMatchObject({ class: 'app-cpu', confidence: 'not-confirmed' })
  })
})

/** A surge in which kept pages expire every four seconds and then swamp the database; `steps`: what is read in four seconds. */
function expiring(steps: Shape): RunData {
  const surge: SegmentSpec = {
    purpose: 'surge',
    curve: [
      { atSec: 0, perSec: 10 },
      { atSec: 24, perSec: 60 },
    ],
    second: (sec) => ({ responseMs: sec >= 15 ? 900 : 30 }),
  }
  const run = buildRun({ segments: [surge, ...[25, 35, 35, 30].map(step)] })
  const kept = { cacheHitsPerSec: 100, cacheMissesPerSec: 4 }
  const segments = run.segments.map((segment) => {
    const { startUs, plan, purpose } = segment.line
    const series = Array.from({ length: Math.ceil(planDurationSec(plan)) }, (_, sec) => {
      const atUs = startUs + (sec + 1) * 1e6
      if (purpose === 'step') return readings(atUs, steps, kept)
      return sec % 4 === 3
        ? readings(atUs, { ...DATABASE, waiting: 9 }, { ...kept, cacheMissesPerSec: 80 }, 5)
        : readings(atUs, {}, kept)
    }).flat()
    return { ...segment, series }
  })
  return { ...run, segments, series: segments.flatMap(({ series }) => series) }
}

describe('what steps are too short to show', () => {
  it('is told by the surge: steps name its symptom', () => {
    const run = expiring(DATABASE)
    expect(named(run)).toBe('cache-stampede')
    expect(earlyCause(run)).toMatchObject({ sure: true, between: ['cache-stampede'] })
  })

  it('is not what its own fix did not move', () => {
    const single = { fixes: [{ id: 'cache.single-flight', step: 1 }], verdict: 'no-effect', capacity: null }
    expect(named(expiring(DATABASE), [single as unknown as ArmResult])).toBe('database-cpu')
  })
})

describe('earlyCause', () => {
  it('is sure of what the steps around the limit say, never of the surge alone', () => {
    expect(earlyCause(broken(BOTH, DATABASE))).toMatchObject({ sure: true, between: ['database-cpu'] })
    expect(earlyCause(broken(DATABASE, null))).toMatchObject({ sure: false, between: ['database-cpu'] })
    expect(earlyCause(broken(BOTH, null)).between).toHaveLength(2)
  })
})
