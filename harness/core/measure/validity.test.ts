import { describe, expect, it } from 'vitest'
import type { ArrivalProcess } from '../plan.ts'
import type { EngineEnd } from '../record.ts'
import type { RunData } from '../run-data.ts'
import { buildRun } from '../testing/build-run.ts'
import { type SecondSpec, type SegmentSpec, slot } from '../testing/build-segment.ts'
import { poissonCounts } from '../testing/poisson-counts.ts'
import { segmentFacts } from './check.ts'
import { stepResult } from './step.ts'
import { runValidity, segmentValidity } from './validity.ts'

/** A step of 4 s at 60 shoppers/s, 240 clicks a second: some 960 clicks. */
function step(spec: Partial<SegmentSpec>, second: SecondSpec = {}): RunData {
  return buildRun({ segments: [{ perSec: 60, durationSec: 4, second: () => second, ...spec }] })
}

function judged(run: RunData) {
  return stepResult(run.segments[0]!, segmentFacts(run, run.segments[0]!))
}

function broken(run: RunData, verdict: 'pass' | 'fail' = 'pass'): string[] {
  const { checks } = segmentValidity(run.segments[0]!, segmentFacts(run, run.segments[0]!), verdict)
  return checks.filter(({ held }) => !held).map(({ name }) => name)
}

/** Send lags of 960 clicks sent evenly over 4 s when the engine stood still for `frozenMs` from second 1 on. */
function frozen(
  frozenMs: number,
  perSec = 240,
): Pick<EngineEnd, 'sendLagUs' | 'arrivalsActual' | 'arrivalsPlanned'> {
  const lags: number[] = []
  for (let i = 0; i < perSec * 4; i++) {
    const atMs = (i * 1000) / perSec
    lags.push(atMs >= 1000 && atMs < 1000 + frozenMs ? 1000 + frozenMs - atMs : 0.5)
  }
  const planned = poissonCounts(40, () => perSec / 40, 3)
  const actual = [...planned]
  const thaw = Math.min(39, 10 + Math.floor(frozenMs / 100))
  for (let window = 10; window < thaw; window++) {
    actual[thaw]! += actual[window]!
    actual[window] = 0
  }
  const pairs = lags.sort((a, b) => a - b).flatMap((ms) => [Math.round(ms * 1000), 1])
  return { sendLagUs: pairs, arrivalsPlanned: planned, arrivalsActual: actual }
}

describe('segmentValidity', () => {
  it('believes a healthy step, and examines every check', () => {
    const run = step({})
    const { becomes, checks } = segmentValidity(run.segments[0]!, segmentFacts(run, run.segments[0]!), 'pass')
    expect(becomes).toBeNull()
    expect(checks.map(({ name }) => name)).toEqual([
      'ran to its end',
      'send lag',
      'clicks sent',
      'shoppers started',
      'arrivals on time',
      'arrivals not bunched',
      'generator CPU',
      'generator event loop',
      "Little's law",
      'not cut short',
      'enough clicks',
      'steady',
    ])
    expect(checks.every(({ held }) => held)).toBe(true)
  })

  describe('holds arrivals against what their kind promises', () => {
    const planned = Array.from({ length: 40 }, (_, window) => (window % 4 === 0 ? 24 : 0))
    const of = (arrivals: ArrivalProcess, arrivalsActual: readonly number[]) => {
      const run = step({ engine: { arrivalsPlanned: planned, arrivalsActual } })
      const [segment] = run.segments
      const plan = { ...segment!.line.plan, arrivals }
      return { ...run, segments: [{ ...segment!, line: { ...segment!.line, plan } }] }
    }
    const paced = planned.map(() => 6)
    const replays: readonly ArrivalProcess[] = [
      { kind: 'even' },
      { kind: 'replay', atUs: [] },
      { kind: 'recorded', fromUs: 0, lastsUs: 4e6, speed: 1 },
    ]

    it.each(replays)('$kind: on time, and no scatter is asked of them', (arrivals) => {
      const names = (run: RunData) =>
        segmentValidity(run.segments[0]!, segmentFacts(run, run.segments[0]!), 'pass').checks.map(
          ({ name }) => name,
        )
      expect(names(of(arrivals, planned))).toContain('arrivals on time')
      expect(names(of(arrivals, planned))).not.toContain('arrivals not bunched')
      expect(broken(of(arrivals, planned))).toEqual([])
      expect(broken(of(arrivals, paced))).toEqual(['arrivals on time'])
    })

    it.each<ArrivalProcess>([{ kind: 'poisson' }, { kind: 'balanced', count: 60 }])(
      '$kind: scattered as planned as well',
      (arrivals) => {
        expect(broken(of(arrivals, planned))).toEqual([])
        expect(broken(of(arrivals, paced))).toEqual(['arrivals on time', 'arrivals not bunched'])
      },
    )
  })

  it('voids a step in which the engine was frozen for 2 s of 4', () => {
    const run = step({ engine: frozen(2000) })
    expect(judged(run)).toMatchObject({ verdict: 'invalid' })
    expect(judged(run).because).toMatch(/^send lag: p99/)
    expect(broken(run)).toEqual(['send lag', 'arrivals on time', 'arrivals not bunched'])
  })

  it('voids a fail of a frozen engine just the same: it says nothing about the shop', () => {
    const run = step({ engine: frozen(2000) }, { responseMs: 2000, spread: 'fixed' })
    expect(judged(run).verdict).toBe('invalid')
  })

  it('does not void a step for one hiccup of 20 ms, at many clicks or at few', () => {
    expect(broken(step({ engine: frozen(20) }))).toEqual([])
    const few = step({ perSec: 5, engine: frozen(20, 20) })
    expect(broken(few)).toEqual([])
    expect(judged(few).verdict).toBe('pass')
  })

  it('does not void a step for one second in which the event loop was held up', () => {
    const once = (sec: number): SecondSpec => (sec === 2 ? { generatorLoopMs: 60 } : {})
    expect(
      broken(
        buildRun({
          segments: [{ perSec: 60, durationSec: 4, second: once, engine: { loopDelayP99Ms: 60 } }],
        }),
      ),
    ).toEqual([])
  })

  it('tolerates late sends up to one in a hundred', () => {
    const late = (n: number) => step({ engine: { sendLagUs: [400, 960 - n, 80_000, n] } })
    expect(broken(late(9))).toEqual([])
    expect(broken(late(10))).toEqual(['send lag'])
  })

  it('lets an overloaded step fail although its overload made sends 40 ms late, and voids it when they were 60 ms late', () => {
    const late = (ms: number) => ({ engine: { sendLagUs: [400, 900, ms * 1000, 60] } })
    expect(judged(step(late(40), { responseMs: 1000 })).verdict).toBe('fail')
    expect(judged(step(late(60), { responseMs: 1000 })).verdict).toBe('invalid')
    expect(judged(step(late(40), { responseMs: 200 })).verdict).toBe('invalid')
  })

  it('asks a surge for what it sent, not for a steady state', () => {
    const run = step({ purpose: 'surge', perSec: 2, aborted: 'time ran out' })
    expect(broken(run)).toEqual([])
  })

  it('never voids what a rule of the scenario ended: it has failed, however good its clicks were', () => {
    const rule = '62 % of all clicks failed > 50 % over 10 s (abortWhen)'
    const ended = { aborted: rule, abortedBy: 'rule', engine: { endedEarly: 'asked' } } as const
    expect(judged(step(ended))).toMatchObject({ verdict: 'fail', because: `ended early: ${rule}` })
    expect(judged(step({ ...ended, perSec: 2 })).verdict).toBe('fail')
    expect(runValidity(step({ ...ended, purpose: 'surge' })).trusted).toBe(true)
    // Outside contention may be why the shop looked so bad.
    const squeezed = step({ ...ended, purpose: 'surge' }, { othersCores: 1.9 })
    expect(runValidity(squeezed).reasons[0]).toMatch(/machine left to us/)
  })

  it('voids what a ceiling of ours ended, however bad it looked: we stopped, not the shop', () => {
    const ended = {
      aborted: 'the ceiling of 1000 requests',
      abortedBy: 'ceiling',
      engine: { endedEarly: 'max-requests' },
    } as const
    for (const second of [{}, { responseMs: 2000 }]) {
      expect(judged(step(ended, second))).toMatchObject({
        verdict: 'invalid',
        because: 'ran to its end: we ended the load: the ceiling of 1000 requests',
      })
      expect(runValidity(step({ ...ended, purpose: 'surge' }, second)).trusted).toBe(false)
    }
  })

  it('voids a cut or short step whose measurement is wrong: the gravest reason goes first', () => {
    expect(judged(step({ perSec: 3, engine: { sessionsStarted: 2 } })).verdict).toBe('invalid')
  })

  it('voids a step of an engine that was starved throughout', () => {
    const starved = step(
      {
        engine: {
          sendLagUs: [8_000, 300, 30_000, 400, 90_000, 260],
          sessionsStarted: 200,
          sessionsIntended: 240,
        },
      },
      { generatorLoopMs: 95 },
    )
    expect(broken(starved)).toEqual(['send lag', 'shoppers started', 'generator event loop'])
    expect(judged(starved).verdict).toBe('invalid')
    const busy = step({}, { generatorCores: 0.93 })
    expect(broken(busy)).toEqual(['generator CPU'])
    expect(judged(busy).verdict).toBe('invalid')
  })

  it('voids a step whose clicks were not sent, but not one whose clicks were dropped at the in-flight cap', () => {
    const short = step({ engine: { sendLagUs: [500, 900] } })
    expect(broken(short)).toEqual(['clicks sent'])
    const dropped = buildRun({
      segments: [
        {
          perSec: 60,
          durationSec: 4,
          engine: { clicksIntended: 1160 },
          extra: ({ segment }) => [slot({ segment, n: 200, outcome: 'dropped' })],
        },
      ],
    })
    expect(judged(dropped).verdict).toBe('fail')
  })

  it('takes overload for a fail, never for an invalid step: drift, Little and few clicks are not asked then', () => {
    const run = step(
      { engine: { inFlightMean: 1 } },
      { responseMs: 2500, errorRatio: 0.4, databaseBusy: 1, completed: 60 },
    )
    const result = judged(run)
    expect(result).toMatchObject({ verdict: 'fail', p95Ms: null, achievedPerSec: 60 })
  })

  it('voids a fail while others took the machine, and lets a pass in spite of them stand', () => {
    const squeezed = { othersCores: 1.6 } satisfies SecondSpec
    expect(judged(step({}, { ...squeezed, responseMs: 2000, databaseBusy: 0.9, appBusy: 0.9 })).verdict).toBe(
      'invalid',
    )
    expect(judged(step({}, { ...squeezed, databaseBusy: 0.9, appBusy: 0.9 })).verdict).toBe('pass')
    // The same others on a machine that is not full took nothing from anybody.
    expect(judged(step({}, { othersCores: 1.3, responseMs: 2000, databaseBusy: 0.9 })).verdict).toBe('fail')
    const once = buildRun({
      segments: [
        {
          perSec: 60,
          durationSec: 8,
          second: (sec) => ({ responseMs: 2000, ...(sec === 3 ? squeezed : {}) }),
        },
      ],
    })
    expect(judged(once).verdict).toBe('fail')
  })

  it("voids a pass whose books do not agree with Little's law", () => {
    const honest = step({}, { responseMs: 50 })
    expect(judged(honest).verdict).toBe('pass')
    expect(judged(step({ engine: { inFlightMean: 24 } }, { responseMs: 50 }))).toMatchObject({
      verdict: 'invalid',
    })
    expect(broken(step({ engine: { inFlightMean: 24 } }, { responseMs: 50 }))).toEqual(["Little's law"])
  })

  it('calls a queue that grows beyond the bound a fail, and a harmless rise a pass', () => {
    const growing = (lastMs: number) =>
      buildRun({
        segments: [
          {
            perSec: 60,
            durationSec: 4,
            second: (sec) => ({ responseMs: sec < 3 ? 20 : lastMs, spread: 'fixed' }),
          },
        ],
      })
    expect(judged(growing(90)).verdict).toBe('pass')
    const late = buildRun({
      segments: [
        {
          perSec: 60,
          durationSec: 4,
          second: (sec) => ({ responseMs: sec < 2 ? 20 : 50 }),
          extra: ({ segment }) => [slot({ segment, sec: 3, n: 40, responseMs: 700 })],
          // 480 × 20 ms + 480 × 50 ms + 40 × 700 ms in 4 s.
          engine: { inFlightMean: 15.4 },
        },
      ],
    })
    // 40 of 1000 clicks: p95 of the whole step still holds, but no more than 5 % of the second half may be slow.
    expect(judged(late)).toMatchObject({ verdict: 'fail' })
    expect(judged(late).because).toMatch(/^steady: /)
  })

  it('holds a pass back that rests on too few clicks or on a part of the step', () => {
    expect(judged(step({ perSec: 3 })).verdict).toBe('inconclusive')
    expect(judged(step({ aborted: 'time ran out' }))).toMatchObject({ verdict: 'inconclusive' })
    expect(judged(step({ aborted: 'time ran out' }, { responseMs: 2000 })).verdict).toBe('fail')
    expect(judged(step({ engine: null }, { responseMs: 2000 })).verdict).toBe('invalid')
  })
})

describe('runValidity', () => {
  const good: SegmentSpec = { perSec: 60, durationSec: 4 }
  const bad: SegmentSpec = { ...good, engine: frozen(2000) }
  const surge: SegmentSpec = { ...good, purpose: 'surge' }

  it('trusts a run with a void step that was repeated', () => {
    const validity = runValidity(buildRun({ segments: [surge, good, bad, bad, good] }))
    expect(validity.trusted).toBe(true)
    expect(validity.checks.filter(({ held }) => !held).map(({ segment }) => segment)).toContain(3)
  })

  it('trusts a run whose void surge was driven again', () => {
    const voidSurge: SegmentSpec = { ...bad, purpose: 'surge' }
    const again = { ...surge, arm: 1 }
    expect(runValidity(buildRun({ arms: [{}, {}], segments: [voidSurge, again, good] })).trusted).toBe(true)
  })

  it('does not trust a void surge, nor three void steps in a row on today, but does without a fix', () => {
    const badSurge = runValidity(buildRun({ segments: [{ ...bad, purpose: 'surge' }, good] }))
    expect(badSurge.trusted).toBe(false)
    expect(badSurge.reasons[0]).toMatch(/^surge on arm 0 \(segment 0\): send lag/)
    expect(runValidity(buildRun({ segments: [surge, bad, bad, bad] })).trusted).toBe(false)
    const onFix = [good, { ...bad, arm: 1 }, { ...bad, arm: 1 }, { ...bad, arm: 1 }]
    const fixes = [{ id: 'app.scale-out', step: 2 }] as const
    expect(runValidity(buildRun({ arms: [{}, { fixes }], segments: onFix })).trusted).toBe(true)
    const apart = [bad, bad, { ...bad, arm: 1 }]
    expect(runValidity(buildRun({ arms: [{}, {}], segments: apart })).trusted).toBe(true)
  })

  it('calls the segment in which a record breaks off partial, not wrong', () => {
    expect(runValidity(buildRun({ segments: [good, { ...good, engine: null }], end: null })).trusted).toBe(
      true,
    )
    expect(runValidity(buildRun({ segments: [{ ...surge, engine: null }] })).trusted).toBe(false)
  })
})
