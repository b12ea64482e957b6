import { describe, expect, test } from 'vitest'
import { readScenario } from '../scenario-input.ts'
import { exampleScenario } from '../testing/example-scenario.ts'
import { DEFAULT_LIMITS, LIMITS_INPUT } from './limits-input.ts'

test('what is left out is the ceiling that holds for all', () => {
  expect(LIMITS_INPUT.parse(undefined)).toEqual(DEFAULT_LIMITS)
  expect(LIMITS_INPUT.parse({ inFlight: 2000 })).toEqual({ ...DEFAULT_LIMITS, maxInFlight: 2000 })
})

test('everything can be said', () => {
  expect(LIMITS_INPUT.parse({ rate: '500/s', inFlight: 2000, requests: 1_000_000, lasts: '10min' })).toEqual({
    maxPerSec: 500,
    maxInFlight: 2000,
    maxRequests: 1_000_000,
    maxDurationSec: 600,
  })
})

test.each([
  { rate: '2001/s' },
  { rate: '0/s' },
  { rate: 500 },
  { inFlight: 20_001 },
  { inFlight: 0 },
  { inFlight: 1.5 },
  { requests: 0 },
  { requests: 1e9 },
  { lasts: '31min' },
  { lasts: '1s' },
  { lasts: '10' },
  { perSec: '5/s' },
])('%j is refused', (input) => {
  expect(LIMITS_INPUT.safeParse(input).success).toBe(false)
})

describe('a surge beyond its own limits', () => {
  const problems = (changes: object) => {
    const reading = readScenario({ ...exampleScenario(), ...changes })
    return reading.ok ? [] : reading.problems
  }

  test('is a problem, each part of it', () => {
    expect(problems({ limits: { rate: '50/s', lasts: '30s' } })).toEqual([
      { path: 'traffic.peak', expected: 'a peak of at most 50/s (limits.rate)', got: 'a peak of 60/s' },
      { path: 'traffic.lasts', expected: 'at most 30 s (limits.lasts)', got: '45 s' },
    ])
    expect(problems({ limits: { rate: '60/s', lasts: '45s' } })).toEqual([])
  })

  test('so is a quick one that goes beyond them', () => {
    const [problem, ...more] = problems({ limits: { rate: '60/s' }, quick: { peak: '70/s' } })
    expect(problem?.path).toBe('quick.peak')
    expect(more).toEqual([])
  })
})
