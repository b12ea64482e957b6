import { describe, expect, it } from 'vitest'
import { applyFixes, type FixStep } from '../fixes/index.ts'
import { buildRun } from '../testing/build-run.ts'
import type { SecondSpec, SegmentSpec } from '../testing/build-segment.ts'
import { DEFAULT_TOPOLOGY } from '../topology.ts'
import { sheds } from './shed-load.ts'
import { assembleWhatIf } from './single.ts'

const LIMIT: FixStep = { id: 'balancer.limit', step: 10 }
const ROOM: FixStep = { id: 'shop.waiting-room', step: 30 }
const UP: FixStep = { id: 'database.scale-up', step: 3 }
const CAPACITY = 36

const COLLAPSED: SecondSpec = { responseMs: 2500, errorRatio: 0.6, outcome: 'given-up' }
const steps = (arm: number): SegmentSpec[] =>
  [18, 30, 35, 38, 40, 34, 37].map((perSec) => ({
    purpose: 'step',
    arm,
    perSec,
    durationSec: 4,
    second: () => (perSec > CAPACITY ? COLLAPSED : { responseMs: 25 }),
  }))

/** A surge to three times the capacity, in whose overload each second goes as `over` says. */
const surge = (arm: number, over: SecondSpec): SegmentSpec => ({
  purpose: 'surge',
  arm,
  curve: [
    { atSec: 0, perSec: 10 },
    { atSec: 5, perSec: 10 },
    { atSec: 7, perSec: 3 * CAPACITY },
    { atSec: 47, perSec: 3 * CAPACITY },
  ],
  second: (_, perSec) => (perSec > CAPACITY ? over : { responseMs: 25 }),
})

const assembled = (fix: FixStep, surges: readonly SegmentSpec[], searched = steps(1)) =>
  assembleWhatIf(
    buildRun({
      header: { command: 'whatif', options: { quick: false, budgetSec: 300, set: [], fixes: [fix.id] } },
      scenario: { peakPerSec: 3 * CAPACITY },
      segments: [...steps(0), ...searched, ...surges],
      arms: [[], [fix], [], [fix]].map((fixes, arm) => ({
        arm,
        fixes,
        topology: applyFixes(DEFAULT_TOPOLOGY, fixes),
      })),
    }),
  )
const whatIf = (...run: Parameters<typeof assembled>) => assembled(...run).arms[0]!

/** Two of three are turned away at once, and the rest are served as ever. */
const SHED: SecondSpec = { responseMs: 25, errorRatio: 2 / 3, outcome: 'shed' }

describe('a fix that turns shoppers away', () => {
  it('protects, when the shop goes on serving what it can carry beyond its capacity, and did not before', () => {
    const { verdict, because } = whatIf(LIMIT, [surge(2, COLLAPSED), surge(3, SHED)])
    expect(verdict).toBe('protects')
    expect(because).toMatch(/gets (9\d|1\d\d) % of the clicks that the shop can carry, without it \d\d? %/)
    expect(because).toMatch(/\d\d % of all requests were turned away/)
  })

  it.each([
    ['no surge was driven', []],
    ['the surge was driven on today alone', [surge(2, COLLAPSED)]],
    ['what it lets in is not served either', [surge(2, COLLAPSED), surge(3, COLLAPSED)]],
    ['today serves as much beyond its capacity', [surge(2, SHED), surge(3, SHED)]],
    ['it turns away more than it must', [surge(2, COLLAPSED), surge(3, { ...SHED, errorRatio: 0.9 })]],
  ])('does not when %s', (_, surges) => {
    expect(whatIf(LIMIT, surges).verdict).toBe('no-effect')
  })

  it('is judged by its surge alone where shoppers wait before they are in', () => {
    const room = (surges: readonly SegmentSpec[]) => whatIf(ROOM, surges, [])
    expect(room([surge(2, COLLAPSED), surge(3, SHED)])).toMatchObject({ verdict: 'protects', capacity: null })
    expect(assembled(ROOM, [surge(2, COLLAPSED), surge(3, SHED)], []).exit.code).toBe(1)
    expect(assembled(ROOM, [], []).exit.code).toBe(3)
    const { verdict, because } = room([surge(2, COLLAPSED), surge(3, COLLAPSED)])
    expect(verdict).toBe('inconclusive')
    expect(because).toMatch(/with it the surge gets \d+ % of the orders .*, without it \d+ %/)
    expect(room([]).verdict).toBe('not-run')
  })

  it('is not needed where the surge holds on today’s topology', () => {
    const { exit, conclusion, arms } = assembled(ROOM, [surge(2, { responseMs: 25 })], [])
    expect(exit.code).toBe(0)
    expect(conclusion).toMatch(/^Today held the surge of 108 shoppers\/s/)
    expect(arms[0]).toMatchObject({ verdict: 'not-run', because: expect.stringContaining('nobody') })
  })

  it('is not any other fix, whatever became of its surge', () => {
    expect(sheds([UP])).toBe(false)
    expect(sheds([UP, LIMIT])).toBe(true)
    expect(whatIf(UP, [surge(2, COLLAPSED), surge(3, SHED)]).verdict).not.toBe('protects')
  })
})
