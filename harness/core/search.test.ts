import fc from 'fast-check'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, it } from 'vitest'
import type { StepVerdict } from './result.ts'
import {
  estimate,
  next,
  observe,
  ratio,
  type Search,
  type SearchMove,
  type SearchOptions,
  start,
} from './search.ts'

type Random = () => number
const random = (seed: number): Random => {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

type Drive = (perSec: number) => StepVerdict
function drive(
  options: SearchOptions,
  verdictAt: Drive,
  maxSteps: number,
): { search: Search; move: SearchMove; steps: number } {
  let search = start(options)
  for (let steps = 0; ; steps++) {
    const move = next(search, { stepsLeft: maxSteps - steps })
    if (move.kind === 'done') return { search, move, steps }
    expect(move.perSec).toBeGreaterThanOrEqual(options.floorPerSec)
    expect(move.perSec).toBeLessThanOrEqual(options.ceilingPerSec)
    search = observe(search, { perSec: move.perSec, verdict: verdictAt(move.perSec), confirm: move.confirm })
  }
}

/** Verdict of one step of an M/M/c queue (10 ms service, FCFS, simulated, warmed up): p99 of its clicks ≤ 100 ms. */
function queueStep(servers: number, perSec: number, seconds: number, next: Random): StepVerdict {
  const free = new Float64Array(servers)
  const warmUpSec = 2
  let at = 0
  let n = 0
  let slow = 0
  for (;;) {
    at += -Math.log(1 - next()) / perSec
    if (at > warmUpSec + seconds) break
    let server = 0
    for (let other = 1; other < servers; other++) if (free[other]! < free[server]!) server = other
    const done = Math.max(at, free[server]!) - Math.log(1 - next()) / 100
    free[server] = done
    if (at < warmUpSec) continue
    n++
    if (done - at > 0.1) slow++
  }
  return slow <= 0.01 * n ? 'pass' : 'fail'
}

const logistic = (capacity: number, perSec: number, s: number) => 1 / (1 + (perSec / capacity) ** (1 / s))

type Outcome = { covered: number; meanError: number; halfWidths: number[] }
function many(searches: number, one: (seed: number) => { search: Search; truth: number }): Outcome {
  let covered = 0
  let error = 0
  const halfWidths: number[] = []
  for (let seed = 1; seed <= searches; seed++) {
    const { search, truth } = one(seed)
    const found = estimate(search)!
    if (found.low <= truth && truth <= found.high) covered++
    error += Math.log(found.perSec / truth) / searches
    halfWidths.push((found.high - found.low) / 2 / found.perSec)
  }
  return { covered: covered / searches, meanError: error, halfWidths }
}

describe('against queues whose capacity is known (field notes §2: 10 ms, p99 ≤ 100 ms)', () => {
  // λ* of the table; a step must be long enough that its p99 is not hopelessly biased by the queue's memory.
  it.each([
    { servers: 1, truth: 53.948, seconds: 45 },
    { servers: 2, truth: 151.595, seconds: 15 },
    { servers: 4, truth: 350.09, seconds: 8 },
    { servers: 8, truth: 749.036, seconds: 4 },
    { servers: 16, truth: 1548.275, seconds: 4 },
  ])('M/M/$servers: unbiased, and the interval holds the truth', ({ servers, truth, seconds }) => {
    const searches = servers >= 8 ? 60 : 200
    const outcome = many(searches, (seed) => {
      const rng = random(seed)
      const factor = 0.3 + 0.5 * rng()
      const options = { startPerSec: truth * factor, floorPerSec: truth / 20, ceilingPerSec: truth * 8 }
      return {
        search: drive(options, (perSec) => queueStep(servers, perSec, seconds, rng), 11).search,
        truth,
      }
    })
    expect(Math.abs(outcome.meanError)).toBeLessThan(0.05)
    expect(outcome.covered).toBeGreaterThanOrEqual(0.9)
  })
})

describe('on noisy systems', () => {
  const noisy = (s: number, unlucky: number, maxSteps: number) =>
    many(200, (seed) => {
      const rng = random(seed * 31)
      const truth = 20 * Math.exp(1.2 * rng())
      const verdictAt = (perSec: number): StepVerdict =>
        rng() >= unlucky && rng() < logistic(truth, perSec, s) ? 'pass' : 'fail'
      const options = { startPerSec: 15, floorPerSec: 2, ceilingPerSec: 150 }
      return { search: drive(options, verdictAt, maxSteps).search, truth }
    })

  it('nine steps give ± 20 % in 95 % of the searches', () => {
    const { halfWidths, covered } = noisy(0.05, 0, 9)
    expect(halfWidths.filter((half) => half <= 0.2).length / 200).toBeGreaterThanOrEqual(0.95)
    expect(covered).toBeGreaterThanOrEqual(0.9)
  })

  it('5 % of the steps failing by bad luck do not mislead it', () => {
    const { covered, meanError } = noisy(0.05, 0.05, 10)
    expect(covered).toBeGreaterThanOrEqual(0.85)
    expect(Math.abs(meanError)).toBeLessThan(0.05)
  })

  it('with steps to spare it stops by itself, at the precision asked for', () => {
    const rng = random(5)
    const options = { startPerSec: 15, floorPerSec: 2, ceilingPerSec: 150, targetHalfWidth: 0.15 }
    const { move, search, steps } = drive(
      options,
      (x) => (rng() < logistic(31, x, 0.04) ? 'pass' : 'fail'),
      100,
    )
    expect(move).toMatchObject({ kind: 'done', because: 'converged' })
    expect(steps).toBeLessThan(20)
    const found = estimate(search)!
    expect((found.high - found.low) / 2 / found.perSec).toBeLessThanOrEqual(0.15)
    expect(search.observations.some(({ confirm }) => confirm)).toBe(true)
  })
})

describe('step by step', () => {
  const options = { startPerSec: 10, floorPerSec: 2, ceilingPerSec: 100 }
  const seen = (...steps: [number, StepVerdict][]) =>
    steps.reduce((search, [perSec, verdict]) => observe(search, { perSec, verdict }), start(options))

  it('grows until a step fails, and repeats the failing step before believing it', () => {
    expect(next(start(options))).toEqual({ kind: 'step', perSec: 10, confirm: false })
    expect(next(seen([10, 'pass']))).toEqual({ kind: 'step', perSec: 18, confirm: false })
    expect(next(seen([10, 'pass'], [18, 'fail']))).toEqual({ kind: 'step', perSec: 18, confirm: false })
    const closing = next(seen([10, 'pass'], [18, 'fail'], [18, 'fail']))
    expect(closing.kind).toBe('step')
    if (closing.kind === 'step') {
      expect(closing.perSec).toBeGreaterThan(10)
      expect(closing.perSec).toBeLessThan(18)
    }
  })

  it('repeats an invalid step at the same load, learns nothing from it, and gives up after three', () => {
    const once = seen([10, 'pass'], [18, 'invalid'])
    expect(next(once)).toEqual({ kind: 'step', perSec: 18, confirm: false })
    expect(estimate(once)).toEqual(estimate(seen([10, 'pass'])))
    expect(next(seen([10, 'pass'], [18, 'invalid'], [18, 'invalid'], [18, 'invalid']))).toMatchObject({
      kind: 'done',
      because: 'invalid',
    })
    expect(next(seen([18, 'invalid'], [18, 'invalid'], [18, 'pass'], [32.4, 'invalid']))).toMatchObject({
      kind: 'step',
    })
  })

  it('gives up when nothing can be judged', () => {
    const doomed = seen([10, 'inconclusive'], [10, 'inconclusive'], [10, 'inconclusive'])
    expect(next(doomed)).toMatchObject({ kind: 'done', because: 'inconclusive' })
    expect(estimate(doomed)).toBeNull()
  })

  it('goes down when even the start fails, and says so when the floor fails too', () => {
    const { move, search } = drive(options, () => 'fail', 20)
    expect(move).toMatchObject({ kind: 'done', because: 'below-floor' })
    expect(estimate(search)).toMatchObject({ lies: 'below-floor', perSec: 2, lastPass: null, firstFail: 2 })
    const recovered = drive(options, (perSec) => (perSec < 5 ? 'pass' : 'fail'), 12)
    expect(estimate(recovered.search)!.perSec).toBeGreaterThan(4)
    expect(estimate(recovered.search)!.perSec).toBeLessThan(6)
  })

  it('says that capacity lies above the ceiling instead of extrapolating', () => {
    const { move, search, steps } = drive(options, () => 'pass', 20)
    expect(move).toMatchObject({ kind: 'done', because: 'above-ceiling' })
    expect(steps).toBe(6)
    const found = estimate(search)!
    expect(found).toMatchObject({ lies: 'above-ceiling', perSec: 100, lastPass: 100, firstFail: null })
    expect(found.low).toBeGreaterThan(85)
    // No step bounds it from above, and the interval says so.
    expect(found.high).toBeGreaterThan(130)
  })

  it('never estimates more than 1.3 × the largest load measured, and leaves open what no step bounds', () => {
    const passed = estimate(seen([10, 'pass'], [12, 'pass']))!
    expect(passed.perSec).toBeLessThanOrEqual(Math.max(12 * 1.3, passed.low))
    expect(passed.high).toBeGreaterThan(50)
    const failed = estimate(seen([10, 'fail'], [10, 'fail']))!
    expect(failed.low).toBeLessThan(3)
  })

  it('weighs evidence from elsewhere without letting it steer', () => {
    const broke = start(options, [
      { perSec: 60, verdict: 'fail' },
      { perSec: 60, verdict: 'fail' },
    ])
    expect(next(broke)).toEqual(next(start(options)))
    const knowing = estimate(observe(broke, { perSec: 30, verdict: 'pass' }))!
    const alone = estimate(observe(start(options), { perSec: 30, verdict: 'pass' }))!
    expect(knowing.high).toBeLessThan(80)
    expect(alone.high).toBeGreaterThan(100)
  })

  it('ends with a confirmation when time runs out, and stops when there is none', () => {
    const { search, move } = drive(options, (perSec) => (perSec < 31 ? 'pass' : 'fail'), 9)
    expect(move).toMatchObject({ kind: 'done', because: 'budget' })
    expect(search.observations.at(-1)).toMatchObject({ confirm: true, verdict: 'pass' })
    expect(next(start(options), { stepsLeft: 0 })).toMatchObject({ kind: 'done', because: 'budget' })
  })

  it('spends its last step on an end of the interval that is still open', () => {
    // 34 failed and passed, 48 failed: how low capacity may be, nothing says yet.
    const open = seen([34, 'fail'], [34, 'pass'], [47.6, 'fail'])
    const halfWidth = (search: Search) => {
      const { low, high, perSec } = estimate(search)!
      return (high - low) / 2 / perSec
    }
    const last = next(open, { stepsLeft: 1 })
    expect(last).toMatchObject({ kind: 'step', confirm: false })
    if (last.kind !== 'step') return
    expect(last.perSec).toBeLessThan(34)
    expect(halfWidth(observe(open, { perSec: last.perSec, verdict: 'pass' }))).toBeLessThan(0.4)
    const usual = next(open, { stepsLeft: 2 })
    expect(usual).not.toEqual(last)
  })

  it('an unlucky failure far below is neither believed nor reported as the first failure', () => {
    let unlucky = true
    const { search } = drive(
      options,
      (perSec) => {
        if (perSec === 18 && unlucky) {
          unlucky = false
          return 'fail'
        }
        return perSec < 50 ? 'pass' : 'fail'
      },
      12,
    )
    const found = estimate(search)!
    expect(found.low).toBeLessThanOrEqual(50)
    expect(found.high).toBeGreaterThanOrEqual(50)
    expect(found.firstFail).toBeGreaterThanOrEqual(50)
    expect(found.lastPass).toBeLessThan(found.firstFail!)
  })

  it('refuses a start outside floor and ceiling', () => {
    expect(() => start({ startPerSec: 1, floorPerSec: 2, ceilingPerSec: 10 })).toThrow(RangeError)
  })
})

describe('properties', () => {
  it('low ≤ estimate ≤ high, and last pass < first fail, whatever was observed', () => {
    const verdict = fc.constantFrom<StepVerdict>('pass', 'fail', 'invalid', 'inconclusive')
    fc.assert(
      fc.property(fc.array(verdict, { minLength: 1, maxLength: 14 }), (verdicts) => {
        let search = start({ startPerSec: 10, floorPerSec: 2, ceilingPerSec: 100 })
        for (const observed of verdicts) {
          const move = next(search)
          if (move.kind === 'done') break
          search = observe(search, { perSec: move.perSec, verdict: observed, confirm: move.confirm })
        }
        const found = estimate(search)
        if (!found) return
        expect(found.low).toBeLessThanOrEqual(found.perSec)
        expect(found.perSec).toBeLessThanOrEqual(found.high)
        if (found.lastPass !== null && found.firstFail !== null)
          expect(found.lastPass).toBeLessThan(found.firstFail)
      }),
      { numRuns: 60 },
    )
  })
})

describe('ratio of two searches', () => {
  const at = (capacity: number, seed: number, ceilingPerSec = 150) => {
    const rng = random(seed)
    const options = { startPerSec: 15, floorPerSec: 2, ceilingPerSec }
    return drive(options, (perSec) => (rng() < logistic(capacity, perSec, 0.04) ? 'pass' : 'fail'), 9).search
  }

  it('of the same system holds 1, of one twice as large holds 2 and excludes 1', () => {
    const same = ratio(at(31, 1), at(31, 2))
    expect(same.low).toBeLessThan(1)
    expect(same.high).toBeGreaterThan(1)
    const twice = ratio(at(62, 3), at(31, 4, 200))
    expect(twice.low).toBeGreaterThan(1.4)
    expect(twice.low).toBeLessThan(2)
    expect(twice.high).toBeGreaterThan(2)
  })

  it('is its own inverse', () => {
    const there = ratio(at(50, 1), at(31, 2))
    const back = ratio(at(31, 2), at(50, 1))
    expect(there.estimate * back.estimate).toBeCloseTo(1, 1)
    expect(there.low * back.high).toBeCloseTo(1, 1)
  })
})
