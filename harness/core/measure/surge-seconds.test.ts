import { describe, expect, it } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import { slot } from '../testing/build-segment.ts'
import { surgeSeconds } from './surge-seconds.ts'

const SLO = { all: { p95Ms: 300, errorRatio: 0.01 }, 'POST /checkout': { p95Ms: 800 } }

describe('surgeSeconds', () => {
  it('counts clicks by intended start, completions by second of completion', () => {
    const run = buildRun({
      segments: [
        {
          purpose: 'surge',
          perSec: 10,
          durationSec: 3,
          second: (sec) => ({
            clicks: 40,
            responseMs: 100,
            spread: 'fixed',
            completed: sec === 1 ? 4 : 58,
            attemptsPerClick: 2,
          }),
        },
      ],
    })
    const seconds = surgeSeconds(run, run.segments[0]!)
    expect(seconds).toHaveLength(3)
    expect(seconds[1]).toMatchObject({
      sec: 1,
      arrivalsPerSec: 10,
      clicks: 40,
      good: 40,
      errors: 0,
      achieved: 4,
      checkouts: 2,
      goodCheckouts: 2,
      sloHeld: true,
      attempts: 80,
    })
    expect(seconds[1]!.p95Ms).toBeCloseTo(100, -1)
  })

  it('calls a click good by the bound of its own route', () => {
    const run = buildRun({
      segments: [
        {
          purpose: 'surge',
          perSec: 10,
          durationSec: 2,
          second: () => ({ clicks: 40, responseMs: 500, spread: 'fixed' }),
        },
      ],
    })
    expect(surgeSeconds(run, run.segments[0]!)[0]).toMatchObject({
      good: 2,
      checkouts: 2,
      goodCheckouts: 2,
      sloHeld: false,
    })
  })

  it('breaks a second by its errors or by its percentile, and forgives a single error among few', () => {
    const lines = [
      [slot({ sec: 0, n: 60 }), slot({ sec: 0, n: 1, outcome: 'timeout' })],
      [slot({ sec: 1, n: 60 }), slot({ sec: 1, n: 2, outcome: 'timeout' })],
      [slot({ sec: 2, n: 50 }), slot({ sec: 2, n: 10, responseMs: 400 })],
      [slot({ sec: 3, n: 60, responseMs: 290 })],
    ].flat()
    const run = buildRun({
      scenario: { slo: SLO },
      segments: [
        { purpose: 'surge', perSec: 10, durationSec: 4, second: () => ({ clicks: 0 }), extra: () => lines },
      ],
    })
    expect(surgeSeconds(run, run.segments[0]!).map(({ sloHeld }) => sloHeld)).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  it('judges a second of few clicks together with its neighbours; without clicks nobody was let down', () => {
    const lines = [
      slot({ sec: 2, n: 20 }),
      slot({ sec: 3, n: 2, outcome: 'timeout' }),
      slot({ sec: 4, n: 20 }),
      slot({ sec: 9, n: 20 }),
    ]
    const run = buildRun({
      scenario: { slo: { all: { p95Ms: 300 } } },
      segments: [
        { purpose: 'surge', perSec: 10, durationSec: 10, second: () => ({ clicks: 0 }), extra: () => lines },
      ],
    })
    const seconds = surgeSeconds(run, run.segments[0]!)
    // Second 3 counts 42 clicks with its neighbours, 2 of them failed: within 5 %.
    expect(seconds.map(({ sloHeld }) => sloHeld)).toEqual(Array(10).fill(true))
    expect(seconds[6]).toMatchObject({ clicks: 0, p95Ms: null })
  })

  it('goes on into the clicks after the last arrival and into the recovery that follows', () => {
    const run = buildRun({
      segments: [
        { purpose: 'surge', perSec: 10, durationSec: 3, tailSec: 2, second: () => ({ clicks: 30 }) },
        { purpose: 'recovery', perSec: 5, durationSec: 2 },
        { purpose: 'step', perSec: 50 },
      ],
    })
    const seconds = surgeSeconds(run, run.segments[0]!)
    expect(seconds.map(({ arrivalsPerSec }) => arrivalsPerSec)).toEqual([10, 10, 10, 0, 0, 0, 0, 5, 5])
    expect(seconds.map(({ clicks }) => clicks)).toEqual([30, 30, 30, 30, 30, 0, 0, 20, 20])
  })

  it('stands on goodput where a scenario bounds only single routes', () => {
    const run = buildRun({
      scenario: { slo: { 'POST /checkout': { p95Ms: 100 } } },
      segments: [
        {
          purpose: 'surge',
          perSec: 100,
          durationSec: 2,
          second: (sec) => ({ errorRatio: sec === 0 ? 0 : 0.1 }),
        },
      ],
    })
    expect(surgeSeconds(run, run.segments[0]!).map(({ sloHeld }) => sloHeld)).toEqual([true, false])
  })
})
