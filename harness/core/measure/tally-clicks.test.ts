import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import { slot } from '../testing/build-segment.ts'
import { errorRatio, measuredClicks, percentileMs, tallyClicks } from './tally-clicks.ts'

describe('tallyClicks', () => {
  it('counts a click that failed as slower than any bound, however fast it was answered', () => {
    const tally = tallyClicks([
      slot({ n: 94, responseMs: 100 }),
      slot({ n: 6, outcome: 'shed', responseMs: 1 }),
    ]).all
    expect(percentileMs(tally, 0.5)).toBeCloseTo(100, -1)
    expect(percentileMs(tally, 0.94)).not.toBeNull()
    expect(percentileMs(tally, 0.95)).toBeNull()
    expect(errorRatio(tally)).toBeCloseTo(0.06, 10)
  })

  it('never gets faster when a right answer turns into a failed one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.nat(),
        fc.constantFrom(0.5, 0.95, 0.99),
        (n, which, q) => {
          const slots = Array.from({ length: n }, (_, i) => slot({ n: 1, responseMs: 10 * (i + 1) }))
          const index = which % n
          const worse = slots.with(index, slot({ n: 1, outcome: 'wrong-status', responseMs: 1 }))
          const before = percentileMs(tallyClicks(slots).all, q) ?? Number.POSITIVE_INFINITY
          const after = percentileMs(tallyClicks(worse).all, q) ?? Number.POSITIVE_INFINITY
          expect(after).toBeGreaterThanOrEqual(before)
        },
      ),
    )
  })

  it('adds late lines for the same second up, and keeps routes apart', () => {
    const { all, byRoute } = tallyClicks([
      slot({ n: 5, route: 'GET /' }),
      slot({ n: 7, route: 'GET /', outcome: 'timeout' }),
      slot({ n: 1, route: 'POST /checkout' }),
    ])
    expect(all.clicks).toBe(13)
    expect(byRoute.get('GET /')).toMatchObject({ clicks: 12, ok: 5 })
    expect(byRoute.get('POST /checkout')).toMatchObject({ clicks: 1, ok: 1 })
  })

  it('leaves out what is not measured: the filling before second 0, attempts, and all after a cut', () => {
    const extra = ({ segment }: { segment: number }) => [
      slot({ segment, sec: -1, n: 100 }),
      slot({ segment, sec: 4, n: 100 }),
      slot({ segment, sec: 0, n: 100, of: 'attempt' }),
    ]
    const run = buildRun({ segments: [{ perSec: 5, durationSec: 4, clicksPerShopper: 4, extra }] })
    expect(tallyClicks(measuredClicks(run.segments[0]!)).all.clicks).toBe(80)
    const surge = buildRun({
      segments: [{ purpose: 'surge', perSec: 5, durationSec: 4, clicksPerShopper: 4, extra }],
    })
    expect(tallyClicks(measuredClicks(surge.segments[0]!)).all.clicks).toBe(180)
  })
})
