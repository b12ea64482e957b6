import { expect, test } from 'vitest'
import { surgeEvidence } from '../assemble/arm-capacity.ts'
import { assembleRehearsal } from '../assemble/rehearsal.ts'
import { assembleRun } from '../assemble/single.ts'
import { diagnoseToday, surgesOf } from '../assemble/today.ts'
import type { EventLine } from '../record.ts'
import type { FaultResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { buildRun } from '../testing/build-run.ts'
import { mm1Second } from '../testing/build-segment.ts'
import { surgeAtLimit } from '../testing/surge-at-limit.ts'
import type { FaultEvent } from './fault-event.ts'
import { faultsAtOnset } from './surge-faults.ts'

const KILL = { kind: 'kill', target: 'app-2' } as const

function event(atUs: number, became: FaultEvent['became'], detail = '', fault = 0): EventLine {
  return { kind: 'event', atUs, name: 'fault', detail, fault: { segment: 0, fault, act: KILL, became } }
}

/** A run whose first surge had a fault from second to second. */
function withFault(run: RunData, fromSec: number, toSec: number): RunData {
  const { startUs } = run.segments[0]!.line
  return {
    ...run,
    events: [event(startUs + fromSec * 1e6, 'begun'), event(startUs + toSec * 1e6, 'undone')],
  }
}

/** Steady at 20 shoppers/s, overloaded from second 10 to 20; and a step that carries more than its peak. */
function brokenSurge(): RunData {
  return buildRun({
    segments: [
      {
        purpose: 'surge',
        perSec: 20,
        durationSec: 40,
        second: (sec, perSec) => mm1Second(perSec, sec >= 10 && sec < 20 ? 15 : 100),
      },
      { perSec: 70, second: (_, perSec) => mm1Second(perSec, 140) },
    ],
    scenario: { peakPerSec: 20 },
  })
}

test('the result of a surge lists its faults with their times, and a broken one names those that acted', () => {
  const result = assembleRun(withFault(brokenSurge(), 9.5, 20.25))!
  expect(result.surge.faults).toEqual([
    {
      kind: 'kill',
      target: 'app-2',
      says: 'app-2 was killed',
      beganSec: 9.5,
      endedSec: 20.25,
      notDone: null,
    },
  ])
  expect(result.verdict).toBe('does-not-hold')
  expect(result.headline).toMatch(/\(fault of the scenario: app-2 was killed\)\.$/)
  expect(result.notTested).toContain('autoscaling')
  const without = assembleRun(brokenSurge())!
  expect(without.surge.faults).toEqual([])
  expect(without.headline).not.toContain('fault')
  expect(without.notTested).toContain('autoscaling, and losing a server during the surge')
})

test('faults of other surges, and events without a fault, are not its own', () => {
  const run = brokenSurge()
  const other = event(20e6, 'begun')
  const events: EventLine[] = [
    { ...other, fault: { ...other.fault!, segment: 7 } },
    { kind: 'event', atUs: 20e6, name: 'note', detail: 'app-2 was killed' },
  ]
  expect(assembleRun({ ...run, events })!.surge.faults).toEqual([])
})

test('a fault that was not done says why, and stands last', () => {
  const run = brokenSurge()
  const { startUs } = run.segments[0]!.line
  const events = [
    event(startUs, 'not-applicable', 'no app-2 runs here', 0),
    event(startUs + 1e6, 'begun', '', 1),
  ]
  const result = assembleRun({ ...run, events })!
  expect(result.surge.faults).toMatchObject([
    { beganSec: 1, endedSec: null, notDone: null },
    { beganSec: null, endedSec: null, notDone: 'no app-2 runs here' },
  ])
})

test('a surge that broke while a fault acted is no evidence of what a sound system carries', () => {
  expect(surgeEvidence(brokenSurge(), 0)).toEqual([{ perSec: 20, verdict: 'fail' }])
  expect(surgeEvidence(withFault(brokenSurge(), 9.5, 20), 0)).toEqual([])
})

test('a rehearsal tells apart what broke the surge and what the shop carries without it', () => {
  const { verdict, headline } = assembleRehearsal(withFault(brokenSurge(), 9.5, 20))
  expect(verdict).toBe('does-not-hold')
  expect(headline).toMatch(
    /^Today's shop does not hold the surge \(fault of the scenario: app-2 was killed\); without faults it carries /,
  )
})

const at = (beganSec: number | null, endedSec: number | null): FaultResult => ({
  kind: 'kill',
  target: 'app-2',
  says: 'app-2 was killed',
  beganSec,
  endedSec,
  notDone: null,
})

test.each<[string, FaultResult, boolean]>([
  ['began before and goes on', at(5, null), true],
  ['began in the second of the onset', at(10.9, 12), true],
  ['broke clicks that were wanted before it began', at(12, 20), true],
  ['was over a moment before the first sign', at(1, 6), true],
  ['was over long before', at(0, 4.9), false],
  ['came after the onset', at(13, 20), false],
  ['was not done', at(null, null), false],
])('a fault that %s', (_, fault, acted) => {
  expect(faultsAtOnset([fault], { firstSignSec: 8, onsetSec: 10 })).toEqual(acted ? [fault] : [])
})

test('nothing broke, so no fault broke anything', () => {
  expect(faultsAtOnset([at(5, 6)], { firstSignSec: 5, onsetSec: null })).toEqual([])
})

test('the diagnosis says what it measured, of what class it is, and names the fault beside it', () => {
  const run = surgeAtLimit({ app: 0.99, loopBusy: 0.99, slow: true, instances: 2 })
  const measured = diagnoseToday(run, surgesOf(run), []).bottleneck
  const faulty = withFault(run, 4.5, 30)
  const named = diagnoseToday(faulty, surgesOf(faulty), []).bottleneck
  expect(measured.class).toBe('app-cpu')
  expect(named).toEqual({ ...measured, says: `${measured.says} (fault of the scenario: app-2 was killed)` })
})

test('a shop that lies on the ground because of a fault is not metastable', () => {
  const run = buildRun({
    segments: [
      {
        purpose: 'surge',
        perSec: 10,
        durationSec: 40,
        second: (sec, perSec) => mm1Second(perSec, sec >= 10 ? 5 : 100),
      },
    ],
    scenario: { normalPerSec: 10, peakPerSec: 10 },
  })
  const metastable = (of: RunData) => assembleRun(of)!.surge.incident.metastable
  expect(metastable(run)).toBe(true)
  expect(metastable(withFault(run, 10, 40.5))).toBe(false)
  expect(metastable(withFault(run, 10, 12))).toBe(true)
})
