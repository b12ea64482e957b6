import { describe, expect, it } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import type { SecondSpec, SegmentSpec } from '../testing/build-segment.ts'
import { surgeResult } from './surge.ts'

const DOORS_OPEN = [
  { atSec: 0, perSec: 5 },
  { atSec: 5, perSec: 5 },
  { atSec: 7, perSec: 60 },
  { atSec: 22, perSec: 60 },
  { atSec: 32, perSec: 5 },
  { atSec: 45, perSec: 5 },
]

/** The reference story: the pool queues, the SLO breaks, nearly nothing is answered, then it comes back. */
function outage(sec: number): SecondSpec {
  if (sec < 6) return { responseMs: 30 }
  if (sec < 9) return { responseMs: 60, poolWaiting: 8, databaseBusy: 0.97 }
  if (sec < 13) return { responseMs: 900, poolWaiting: 40, databaseBusy: 1 }
  if (sec < 28)
    return { responseMs: 2500, errorRatio: 0.95, outcome: 'given-up', poolWaiting: 60, databaseBusy: 1 }
  if (sec < 36) return { responseMs: 1500, databaseBusy: 1, poolWaiting: 20 }
  return { responseMs: 30 }
}

const surge = (second: (sec: number) => SecondSpec): SegmentSpec => ({
  purpose: 'surge',
  curve: DOORS_OPEN,
  second,
})

describe('surgeResult', () => {
  it('tells the story of an outage', () => {
    const run = buildRun({
      arms: [{}, { fixes: [{ id: 'database.scale-up', step: 3 }] }],
      segments: [surge(outage), { ...surge(() => ({ responseMs: 30 })), arm: 1 }],
    })
    const today = surgeResult(run, run.segments[0]!, run.segments[1]!)
    expect(today).toMatchObject({
      arm: 0,
      label: 'today',
      held: false,
      valid: true,
      invalidBecause: null,
      peakClicksPerSec: 240,
    })
    expect(today.because).toMatch(/^p95 of all clicks without an answer/)
    expect(today.incident).toEqual({
      firstSignSec: 6,
      firstSign: '8 requests waiting for a database connection at app-1',
      onsetSec: 9,
      outageStartSec: 13,
      outageEndSec: 28,
      restoredSec: 36,
      metastable: false,
    })
    expect(today.impact?.ordersLost).toBeGreaterThan(100)
    const replay = surgeResult(run, run.segments[1]!)
    expect(replay).toMatchObject({
      arm: 1,
      label: 'database CPU ×3',
      held: true,
      because: 'every objective holds over the whole 45 s',
      incident: {
        firstSignSec: null,
        onsetSec: null,
        outageStartSec: null,
        restoredSec: null,
        metastable: null,
      },
    })
  })

  it('does not hold when four bad seconds hide in the percentile of the minute', () => {
    const run = buildRun({
      segments: [surge((sec) => (sec >= 33 && sec < 37 ? { responseMs: 3000 } : { responseMs: 20 }))],
    })
    const result = surgeResult(run, run.segments[0]!)
    expect(result).toMatchObject({
      held: false,
      because: 'the SLO was broken for 3 s in a row from +33 s on',
    })
  })

  it('holds through a blip of two seconds', () => {
    const run = buildRun({
      segments: [surge((sec) => (sec >= 33 && sec < 35 ? { responseMs: 3000 } : { responseMs: 20 }))],
    })
    expect(surgeResult(run, run.segments[0]!)).toMatchObject({ held: true, incident: { onsetSec: null } })
  })

  it('says that a surge is no measurement when the engine did not send it', () => {
    const run = buildRun({
      segments: [{ ...surge(outage), engine: { sendLagUs: [400, 2000, 900_000, 3000] } }],
    })
    expect(surgeResult(run, run.segments[0]!)).toMatchObject({
      valid: false,
      invalidBecause: expect.stringMatching(/^send lag/),
    })
  })

  it('does not hold when a rule of the scenario ended it, whatever its clicks say', () => {
    const rule = 'p95 of GET / 900 ms > 800 ms over 10 s (abortWhen)'
    const run = buildRun({
      segments: [
        {
          ...surge((sec) => (sec < 21 ? { responseMs: 30 } : { clicks: 0 })),
          aborted: rule,
          abortedBy: 'rule',
          engine: { durationSec: 21.4, endedEarly: 'asked' },
        },
      ],
    })
    expect(surgeResult(run, run.segments[0]!)).toMatchObject({
      held: false,
      valid: true,
      because: `its load was ended after 21 s: ${rule}`,
      endedEarly: `its load was ended after 21 s: ${rule}`,
    })
  })

  it('tells of no early end where there was none', () => {
    const run = buildRun({ segments: [surge(() => ({ responseMs: 30 }))] })
    expect(surgeResult(run, run.segments[0]!)).toMatchObject({ held: true, endedEarly: null })
  })
})
