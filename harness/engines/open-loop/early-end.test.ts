import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentFacts } from '../../core/measure/check.ts'
import { segmentValidity } from '../../core/measure/validity.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { SegmentEndLine } from '../../core/record.ts'
import type { Shopper } from '../../core/scenario.ts'
import { buildRun } from '../../core/testing/build-run.ts'
import {
  countOf,
  planOf,
  type StubAnswer,
  type StubRun,
  type StubShop,
  scenarioOf,
  stubDrive,
} from './testing/stub-drive.ts'

const SHOP = scenarioOf([
  {
    name: 'buyer',
    weight: 1,
    steps: async (shopper: Shopper) => {
      await shopper.get('/')
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
      await shopper.post('/checkout', { key: shopper.uuid() })
    },
  },
])
const FAST: StubShop = () => ({ afterMs: 10, json: {} })

/** Drives until the n-th request has arrived, then says that it is enough. */
async function driveUntil(nth: number, plan: LoadPlan, shop: StubShop = FAST) {
  const enough = new AbortController()
  let arrived = 0
  const run = await stubDrive(
    SHOP,
    plan,
    (request, nowUs) => {
      if (++arrived === nth) enough.abort()
      return shop(request, nowUs)
    },
    undefined,
    { enough: enough.signal },
  )
  return { run, arrived }
}

/** Everything that is booked adds up, within the part that was driven. */
function expectBooksToBalance({ end, slots }: StubRun): void {
  const measured = slots.filter(({ sec }) => sec >= 0 && sec < end.durationSec)
  expect(countOf(measured, { of: 'click' })).toBe(end.clicksIntended)
  expect(end.clicksDone).toBe(end.clicksIntended)
  expect(countOf(measured, { of: 'attempt' })).toBe(end.attemptsSent)
  expect(end.arrivalsPlanned).toHaveLength(Math.ceil(end.durationSec * 10 - 1e-6))
  expect(end.arrivalsActual).toHaveLength(end.arrivalsPlanned.length)
  const planned = end.arrivalsPlanned.reduce((sum, n) => sum + n, 0)
  expect(planned).toBe(end.sessionsIntended)
  expect(end.sessionsStarted).toBe(end.sessionsIntended)
}

/** The checks that a segment with this end stands up to when it fails. */
function brokenChecks({ end, slots, startUs }: StubRun, plan: LoadPlan, early: Partial<SegmentEndLine>) {
  const run = buildRun({ segments: [{ perSec: 1, durationSec: 1 }] })
  const segment = {
    ...run.segments[0]!,
    line: { ...run.segments[0]!.line, purpose: plan.purpose, startUs, plan },
    slots: slots.map((slot) => ({ kind: 'slot' as const, segment: 0, ...slot })),
    series: [],
    end: { kind: 'segment-end' as const, segment: 0, atUs: startUs, aborted: null, engine: end, ...early },
  }
  const { checks } = segmentValidity(segment, segmentFacts(run, segment), 'fail')
  return checks.filter(({ held }) => !held).map(({ name }) => name)
}

describe('a drive that is told that it is enough', () => {
  it('sends nothing more, and says what it drove until then', async () => {
    const plan = planOf(SHOP, 40, 60, { ending: 'finish' })
    const { run, arrived } = await driveUntil(500, plan)
    expect(arrived).toBe(500)
    expect(run.end.endedEarly).toBe('asked')
    expect(run.end.durationSec).toBeGreaterThan(2)
    expect(run.end.durationSec).toBeLessThan(10)
    expectBooksToBalance(run)
    expect(brokenChecks(run, plan, { aborted: 'a rule', abortedBy: 'rule' })).toEqual([])
  })

  it('gives up the clicks that are under way', async () => {
    const { run } = await driveUntil(60, planOf(SHOP, 40, 60), () => null)
    expectBooksToBalance(run)
    expect(countOf(run.slots, { of: 'click', outcome: 'given-up' })).toBe(run.end.clicksIntended)
    expect(run.end.inFlightMean).toBeGreaterThan(0)
  })

  it('says nothing of it when it ran to its end', async () => {
    const { run } = await driveUntil(1e9, planOf(SHOP, 10, 2))
    expect(run.end).not.toHaveProperty('endedEarly')
  })

  it('ends before second 0 when it is still filling, with nothing measured', async () => {
    const { run, arrived } = await driveUntil(3, planOf(SHOP, 40, 5, { fillSec: 10 }))
    expect(arrived).toBe(3)
    expect(run.end).toMatchObject({ endedEarly: 'asked', durationSec: 0, clicksIntended: 0, cpuCores: 0 })
    expect(run.slots.filter(({ sec }) => sec >= 0)).toEqual([])
  })

  it('loses no click, whenever it is told and whatever the shop does', async () => {
    const answers = fc.constantFrom<StubAnswer>(
      null,
      { afterMs: 0, json: {} },
      { afterMs: 5, json: {} },
      { afterMs: 2900, json: {} },
      { afterMs: 0, outcome: 'refused' },
      { afterMs: 100, outcome: 'wrong-status' },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(answers, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('cut' as const, 'finish' as const),
        fc.integer({ min: 1, max: 250 }),
        fc.constantFrom(0, 5),
        async (cycle, ending, nth, fillSec) => {
          let n = 0
          const plan = planOf(SHOP, 15, 6, { ending, fillSec })
          const { run } = await driveUntil(nth, plan, () => cycle[n++ % cycle.length]!)
          expectBooksToBalance(run)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('the ceiling of requests', () => {
  const limits = { maxInFlight: 4000, maxPerSec: 2000, maxDurationSec: 600, maxRequests: 200 }

  it('is never exceeded, and ends the drive when it is reached', async () => {
    let arrived = 0
    const plan = planOf(SHOP, 40, 60, { limits })
    const run = await stubDrive(SHOP, plan, (request, nowUs) => {
      arrived++
      return FAST(request, nowUs)
    })
    expect(arrived).toBe(200)
    expect(run.end.endedEarly).toBe('max-requests')
    expectBooksToBalance(run)
    const early = { aborted: 'the ceiling of 200 requests', abortedBy: 'ceiling' } as const
    expect(brokenChecks(run, plan, early)).toContain('ran to its end')
  })

  it('counts reloads and redirects', async () => {
    let arrived = 0
    const run = await stubDrive(SHOP, planOf(SHOP, 40, 60, { limits }), ({ path }) => {
      arrived++
      if (path === '/') return { afterMs: 1, status: 302, location: '/home', outcome: 'wrong-status' }
      return { afterMs: 1, outcome: 'reset' }
    })
    expect(arrived).toBe(200)
    // Two requests in each attempt: to the page and to where it redirects.
    expect(run.end.attemptsSent).toBeLessThan(150)
    expectBooksToBalance(run)
  })

  it('counts what fills a step too', async () => {
    let arrived = 0
    const { end } = await stubDrive(
      SHOP,
      planOf(SHOP, 40, 10, { fillSec: 20, limits: { ...limits, maxRequests: 3 } }),
      (request, nowUs) => {
        arrived++
        return FAST(request, nowUs)
      },
    )
    expect([arrived, end.endedEarly, end.durationSec]).toEqual([3, 'max-requests', 0])
  })
})

describe('a system that is not ours', () => {
  it.each([0, 10])('gets no POST, also not while a step fills up (%i s)', async (fillSec) => {
    const methods: string[] = []
    const driving = stubDrive(
      SHOP,
      planOf(SHOP, 40, 10, { fillSec }),
      (request, nowUs) => {
        methods.push(request.method)
        return FAST(request, nowUs)
      },
      undefined,
      { posts: false },
    )
    await expect(driving).rejects.toMatchObject({
      code: 'refused-target',
      message: expect.stringContaining('POST /checkout'),
      hint: expect.stringContaining('sideEffectsStubbed: true'),
    })
    expect(methods.length).toBeGreaterThan(0)
    expect(methods).not.toContain('POST')
  })
})
