import { describe, expect, it } from 'vitest'
import { applyFixes, type FixStep } from '../fixes/index.ts'
import { buildRun } from '../testing/build-run.ts'
import type { SegmentSpec } from '../testing/build-segment.ts'
import { DEFAULT_TOPOLOGY } from '../topology.ts'
import { assembleWhatIf } from './single.ts'

const UP: FixStep = { id: 'database.scale-up', step: 3 }

/** Steps at these loads on one arm, which answers in time up to its capacity. */
const steps = (arm: number, capacityPerSec: number, loads: readonly number[]): SegmentSpec[] =>
  loads.map((perSec) => ({
    purpose: 'step',
    arm,
    perSec,
    durationSec: 4,
    second: () => (perSec > capacityPerSec ? { responseMs: 2500, errorRatio: 0.4 } : { responseMs: 25 }),
  }))

const TODAY = steps(0, 36, [18, 30, 35, 38, 40, 34, 37])

const whatIf = (segments: readonly SegmentSpec[], arms: readonly FixStep[]) =>
  assembleWhatIf(
    buildRun({
      header: { command: 'whatif' },
      segments,
      arms: [[], ...arms.map((fix) => [fix])].map((fixes, arm) => ({
        arm,
        fixes,
        topology: applyFixes(DEFAULT_TOPOLOGY, fixes),
      })),
    }),
  )

describe('assembleWhatIf', () => {
  it('compares the capacities that it tells, also where one was held at the highest load driven', () => {
    // The peak is 60, and no search drives more than 2.2 times that.
    const { baseline, arms, notTested } = whatIf([...TODAY, ...steps(1, 1000, [60, 90, 120, 132, 132])], [UP])
    const [up] = arms
    expect(up?.capacity?.perSec).toBeCloseTo(132)
    expect(up?.ratio?.estimate).toBeCloseTo(132 / baseline.capacity!.perSec)
    expect(up?.ratio?.low).toBeLessThanOrEqual(up!.ratio!.estimate)
    // No surge was driven: nothing is said of its length.
    expect(notTested.join('\n')).not.toContain('longer than this one')
    expect(notTested.join('\n')).toContain('a surge: how load climbs and ends')
  })

  it('answers when a fix was measured, and does not when none could be', () => {
    expect(whatIf([...TODAY, ...steps(1, 40, [30, 38, 44, 48])], [UP]).exit.code).toBe(1)
    const none = whatIf(TODAY, [])
    expect(none.exit).toMatchObject({ code: 3, meaning: expect.stringContaining('no fix could be measured') })
    expect(none.arms.length).toBeGreaterThan(0)
    expect(none.conclusion).toContain(`${none.arms[0]!.label}: ${none.arms[0]!.because}`)
  })
})
