import { describe, expect, it } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import { mm1Second, type SegmentSpec, series } from '../testing/build-segment.ts'
import { segmentFacts } from './check.ts'
import { stepResult } from './step.ts'

function result(spec: SegmentSpec) {
  const run = buildRun({ segments: [spec] })
  return stepResult(run.segments[0]!, segmentFacts(run, run.segments[0]!))
}

describe('stepResult', () => {
  it('passes below and fails above the load at which an M/M/1 shop meets its bound', () => {
    // M/M/1, mean R = 20 ms ÷ (1 − λ/100) and p95 = R · ln 20: 300 ms is reached at λ = 80.03/s.
    const at = (perSec: number) => result({ perSec, durationSec: 4, second: () => mm1Second(perSec, 100) })
    expect([20, 50, 75, 78].map((perSec) => at(perSec).verdict)).toEqual(['pass', 'pass', 'pass', 'pass'])
    expect([82, 90, 100, 150].map((perSec) => at(perSec).verdict)).toEqual(['fail', 'fail', 'fail', 'fail'])
    const near = at(78)
    expect(near.p95Ms! / ((20 * Math.log(20)) / 0.22)).toBeCloseTo(1, 1)
    expect(near.p50Ms! / ((20 * Math.log(2)) / 0.22)).toBeCloseTo(1, 1)
    expect(near.offeredPerSec).toBe(78)
    expect(at(90).because).toMatch(/^p95 of all clicks \d+ ms > 300 ms/)
  })

  it('takes achieved from the second of completion: an overloaded shop completes less than it is asked', () => {
    const { achievedPerSec, clicks } = result({
      perSec: 60,
      durationSec: 4,
      second: () => ({ responseMs: 900, completed: 130 }),
    })
    expect(clicks).toBe(960)
    expect(achievedPerSec).toBeCloseTo(130, 6)
  })

  it('counts only the share of the last second that a step of 3.5 s has', () => {
    const { achievedPerSec } = result({ perSec: 40, durationSec: 3.5, second: () => ({ clicks: 160 }) })
    expect(achievedPerSec).toBeCloseTo(160, 6)
  })

  it('leaves out what completed before the step began', () => {
    const { achievedPerSec } = result({
      perSec: 40,
      durationSec: 4,
      second: () => ({ completed: 0 }),
      extra: ({ startUs }) => [
        series(startUs + 250_000, 'generator', 'generator', 'generator', { completed: 400 }),
      ],
    })
    expect(achievedPerSec).toBeCloseTo(25, 6)
  })

  it('fails on a single route, and says which', () => {
    const slow = result({
      perSec: 150,
      durationSec: 4,
      second: () => ({ responseMs: 20, routes: { 'POST /checkout': { responseMs: 1500 } } }),
    })
    expect(slow.verdict).toBe('fail')
    expect(slow.because).toMatch(/p95 of POST \/checkout \d+ ms > 800 ms$/)
  })

  it('passes where an objective has too few clicks, and says that it was not judged', () => {
    expect(result({ perSec: 20, durationSec: 4 })).toMatchObject({
      verdict: 'pass',
      because: 'every objective judged holds; not judged: p95 of POST /checkout',
    })
  })

  it('knows how long a step was driven that was ended early', () => {
    const cut = result({
      perSec: 40,
      durationSec: 20,
      second: (sec) => ({ clicks: sec < 10 ? 160 : 0, completed: sec < 10 ? 160 : 0, errorRatio: 0.6 }),
      aborted: 'a rule',
      abortedBy: 'rule',
      engine: { durationSec: 10, endedEarly: 'asked' },
    })
    expect(cut).toMatchObject({ verdict: 'fail', offeredPerSec: 40, clicks: 1600 })
    expect(cut.achievedPerSec).toBeCloseTo(160, 6)
  })
})
