import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scenarioFacts, segmentSeed, stepPlan, surgePlan, warmUpPlan } from './compile-plan.ts'
import { planDurationSec } from './plan.ts'
import { resolveTopology } from './resolve-topology.ts'
import type { Scenario } from './scenario.ts'
import { readScenario } from './scenario-input.ts'
import { exampleScenario } from './testing/example-scenario.ts'

const FILE = { path: '/scenarios/example.ts', hash: 'abc' }

function scenario(changes: object = {}): Scenario {
  const reading = readScenario({ ...exampleScenario(), ...changes })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  return reading.scenario
}

describe('the surge', () => {
  test('is the traffic, to its natural end, and plain data', () => {
    const plan = surgePlan(scenario(), FILE, scenario().traffic, 42)
    expect(plan).toMatchObject({
      purpose: 'surge',
      seed: 42,
      scenarioPath: FILE.path,
      scenarioHash: FILE.hash,
      ending: 'finish',
      partition: { index: 0, of: 1 },
      journeys: [{ name: 'browser', weight: 1, thinkTime: { kind: 'uniform', minMs: 300, maxMs: 2000 } }],
    })
    expect(planDurationSec(plan)).toBe(45)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test('is the same on every topology', () => {
    const resolution = resolveTopology(scenario(), ['topology.database.cpu=3', 'topology.app.flaws=hot-row'])
    if (!resolution.ok) throw new Error('unreachable')
    const other = scenario({ topology: { app: { instances: 4 } } })
    const plan = surgePlan(scenario(), FILE, scenario().traffic, 42)
    expect(surgePlan(resolution.scenario, FILE, resolution.scenario.traffic, 42)).toEqual(plan)
    expect(surgePlan(other, FILE, other.traffic, 42)).toEqual(plan)
  })

  test('has the ceilings of its scenario, and time beside for the visits that end after it', () => {
    const limited = scenario({
      limits: { rate: '80/s', inFlight: 500, requests: 9000, lasts: '45s' },
      patience: { timeout: '3s', reloads: 1 },
    })
    const { limits, graceMs } = surgePlan(limited, FILE, limited.traffic, 1)
    expect(limits).toEqual({
      maxPerSec: 80,
      maxInFlight: 500,
      maxRequests: 9000,
      maxDurationSec: 45 + graceMs / 1000,
    })
    expect(scenarioFacts(limited, FILE, false).maxPerSec).toBe(80)
  })

  test('waits for the last clicks longer than any click can last', () => {
    const plan = surgePlan(
      scenario({ patience: { timeout: '10s', reloads: 2 } }),
      FILE,
      scenario().traffic,
      1,
    )
    expect(plan.graceMs).toBeGreaterThan(30_000)
  })
})

describe('a replayed surge', () => {
  const times = Array.from({ length: 2000 }, (_, i) => i / 10)
  const replay = (parts: object = {}) => scenario({ traffic: { kind: 'replay', times, ...parts } })

  test('is a small plan that says where in the recording it lies', () => {
    const read = replay({ from: '20s', lasts: '60s' })
    const plan = surgePlan(read, FILE, read.traffic, 42)
    expect(plan.arrivals).toEqual({ kind: 'recorded', fromUs: 20e6, lastsUs: 60e6, speed: 1 })
    expect(planDurationSec(plan)).toBe(60)
    expect(JSON.stringify(plan).length).toBeLessThan(20_000)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test('has steps like any other', () => {
    const load = { perSec: 31, durationSec: 4, fillSec: 20, seed: 7 }
    const own = { ...stepPlan(replay(), FILE, load) }
    expect(own).toEqual(stepPlan(scenario(), FILE, load))
  })

  test('says how much faster than real it is, and nothing when it is not', () => {
    expect(scenarioFacts(replay({ speed: '10x' }), FILE, false)).toMatchObject({
      speed: 10,
      curveLabel: 'replay ×10',
    })
    expect(scenarioFacts(replay(), FILE, false)).not.toHaveProperty('speed')
  })
})

describe('a step', () => {
  const load = { perSec: 31, durationSec: 4, fillSec: 20, seed: 7 }

  test('is constant load from a filled beginning to a cut end', () => {
    expect(stepPlan(scenario(), FILE, load)).toMatchObject({
      purpose: 'step',
      curve: [
        { atSec: 0, perSec: 31 },
        { atSec: 4, perSec: 31 },
      ],
      fillSec: 20,
      ending: 'cut',
      seed: 7,
    })
  })

  test('a warm-up is the same load under another name', () => {
    expect(warmUpPlan(scenario(), FILE, load)).toEqual({
      ...stepPlan(scenario(), FILE, load),
      purpose: 'warm-up',
    })
  })

  test('waits longer than the largest bound, never longer than patience', () => {
    const slow = scenario({ slo: { all: { p95: '< 300ms' }, 'GET /report': { p99: '< 4s' } } })
    expect(stepPlan(scenario(), FILE, load).graceMs).toBe(1800)
    expect(stepPlan(slow, FILE, load).graceMs).toBe(6000)
    expect(stepPlan(scenario({ patience: { timeout: '1s', reloads: 0 } }), FILE, load).graceMs).toBe(1000)
  })
})

describe('segment seeds', () => {
  test('differ from segment to segment and from the surge, and are the same in every run', () => {
    const seeds = Array.from({ length: 2000 }, (_, segment) => segmentSeed(42, segment))
    expect(new Set([...seeds, 42]).size).toBe(2001)
    expect(seeds).toEqual(Array.from({ length: 2000 }, (_, segment) => segmentSeed(42, segment)))
  })

  test('are whole numbers of 32 bits, and neighbouring scenario seeds share none of the first hundred', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_fffe }), (seed) => {
        const first = Array.from({ length: 100 }, (_, segment) => segmentSeed(seed, segment))
        const next = new Set(Array.from({ length: 100 }, (_, segment) => segmentSeed(seed + 1, segment)))
        expect(first.every((each) => Number.isInteger(each) && each >= 0 && each <= 0xffff_ffff)).toBe(true)
        expect(first.filter((each) => next.has(each))).toEqual([])
      }),
    )
  })
})

test('facts are plain data of the traffic that runs', () => {
  const facts = scenarioFacts(scenario({ quick: { lasts: '20s', peak: '30/s' } }), FILE, true)
  expect(facts).toMatchObject({
    name: 'example',
    peakPerSec: 30,
    normalPerSec: 5,
    keepHeadroom: 0.3,
    hash: 'abc',
  })
  expect(facts.curveLabel).toContain('shortened')
  expect(scenarioFacts(scenario(), FILE, false).peakPerSec).toBe(60)
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
})
