import { describe, expect, it } from 'vitest'
import type { Slo } from '../scenario.ts'
import { slot } from '../testing/build-segment.ts'
import { goodWithinMs, judgeSlo, tightestP95Ms, tooManyErrors } from './slo.ts'
import { tallyClicks } from './tally-clicks.ts'

const SLO: Slo = { 'POST /checkout': { p95Ms: 800 }, all: { p95Ms: 300, errorRatio: 0.01 } }

function judge(slots: Parameters<typeof slot>[0][], slo: Slo = SLO) {
  return judgeSlo(tallyClicks(slots.map(slot)), slo)
}

describe('judgeSlo', () => {
  it('holds when every objective does', () => {
    const verdict = judge([
      { n: 300, responseMs: 100 },
      { n: 40, route: 'POST /checkout', responseMs: 250 },
    ])
    expect(verdict).toEqual({ held: true, broken: [], notJudged: [], judged: 3 })
  })

  it('says in words what was broken, all clicks before single routes', () => {
    const verdict = judge([
      { n: 60, responseMs: 412 },
      { n: 40, route: 'POST /checkout', responseMs: 1200 },
    ])
    expect(verdict.held).toBe(false)
    expect(verdict.broken[0]).toMatch(/^p95 of all clicks 1[12]\d\d ms > 300 ms$/)
    expect(verdict.broken[1]).toMatch(/^p95 of POST \/checkout 1[12]\d\d ms > 800 ms$/)
  })

  it('breaks the percentile as well when more clicks fail than the percentile leaves over', () => {
    const { broken } = judge(
      [
        { n: 90, responseMs: 50 },
        { n: 10, outcome: 'shed' },
      ],
      { all: SLO['all']! },
    )
    expect(broken).toEqual([
      'p95 of all clicks without an answer (10 % failed, 5 % may be slower) > 300 ms',
      '10 % of all clicks failed > 1 %',
    ])
  })

  it('does not judge an objective on a handful of clicks, and does not fail it either', () => {
    const verdict = judge([
      { n: 300, responseMs: 100 },
      { n: 5, route: 'POST /checkout', responseMs: 5000 },
    ])
    expect(verdict).toMatchObject({ held: true, notJudged: ['p95 of POST /checkout'] })
    expect(judge([{ n: 50 }], { all: { p99Ms: 300 } })).toMatchObject({ held: false, judged: 0 })
  })

  it('finds an objective on a route nobody clicked not judged', () => {
    expect(judge([{ n: 300 }]).notJudged).toEqual(['p95 of POST /checkout'])
  })
})

describe('tooManyErrors', () => {
  it.each([
    [80, 1, false],
    [80, 2, true],
    [100, 1, false],
    [100, 2, true],
    [1000, 10, false],
    [1000, 11, true],
  ])('of %i clicks %i failed, at most 1 %%: %s', (clicks, failed, expected) => {
    expect(tooManyErrors({ clicks, ok: clicks - failed }, 0.01)).toBe(expected)
  })

  it('forgives nothing where nothing may fail', () => {
    expect(tooManyErrors({ clicks: 50, ok: 49 }, 0)).toBe(true)
  })
})

it('knows the bound a good click must meet, and the tightest one', () => {
  expect(goodWithinMs(SLO, 'POST /checkout')).toBe(800)
  expect(goodWithinMs(SLO, 'GET /')).toBe(300)
  expect(goodWithinMs({ all: { errorRatio: 0.01 } }, 'GET /')).toBeNull()
  expect(tightestP95Ms(SLO)).toBe(300)
  expect(tightestP95Ms({})).toBeNull()
})
