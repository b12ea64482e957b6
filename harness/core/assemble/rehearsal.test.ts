import { describe, expect, test } from 'vitest'
import { isCpuIsolated } from '../cpu-isolation.ts'
import { applyFixes, type FixId, type FixStep } from '../fixes/index.ts'
import type { RecordLine } from '../record.ts'
import { type RunData, readRun } from '../run-data.ts'
import { buildRun, recordLines } from '../testing/build-run.ts'
import type { SecondSpec, SegmentSpec } from '../testing/build-segment.ts'
import { DEFAULT_TOPOLOGY } from '../topology.ts'
import { assembleRehearsal } from './rehearsal.ts'
import { assembleRun } from './single.ts'

const PEAK = 60
const CURVE = [
  { atSec: 0, perSec: 5 },
  { atSec: 5, perSec: 5 },
  { atSec: 7, perSec: PEAK },
  { atSec: 22, perSec: PEAK },
  { atSec: 32, perSec: 5 },
  { atSec: 45, perSec: 5 },
] as const

/** A shop that answers in 20 ms up to its capacity, and not at all well beyond it. */
function shopOf(capacityPerSec: number, busy: 'database' | 'app') {
  return (_: number, perSec: number): SecondSpec => {
    const share = perSec / capacityPerSec
    const saturated = share > 1
    return {
      responseMs: saturated ? 2500 : 20 + 80 * share ** 6,
      errorRatio: saturated ? 0.4 : 0,
      poolWaiting: saturated ? 40 : 0,
      databaseBusy: busy === 'database' ? Math.min(1, share) : Math.min(0.5, share / 2),
      appBusy: busy === 'app' ? Math.min(1, share) : Math.min(0.5, share / 2),
    }
  }
}

type Story = {
  readonly fixes: readonly FixStep[]
  readonly capacityPerSec: number
  readonly busy: 'database' | 'app'
}

const UP: FixStep = { id: 'database.scale-up', step: 3 }
const OUT: FixStep = { id: 'app.scale-out', step: 2 }
const MEND: FixStep = { id: 'checkout.shorten-lock', step: 1 }

/**
 * A rehearsal as the loop conducts it: surge, steps on today and on each fix, the surge again on the last one, which has
 * the capacity of `replays` then.
 */
function rehearsalOf(stories: readonly Story[], replays: readonly number[]) {
  const arms = [stories[0]!, ...stories].map(({ fixes }, arm) => ({
    arm,
    fixes,
    topology: applyFixes(DEFAULT_TOPOLOGY, fixes),
  }))
  const steps = stories.flatMap((story, index): SegmentSpec[] =>
    [0.5, 0.8, 0.95, 1.05, 1.05, 1.2, 0.9, 0.97, 1.03].map((share) => ({
      purpose: 'step',
      arm: index + 1,
      perSec: story.capacityPerSec * share,
      durationSec: 4,
      second: shopOf(story.capacityPerSec, story.busy),
    })),
  )
  const surge = (story: Story, arm: number): SegmentSpec => ({
    purpose: 'surge',
    arm,
    curve: CURVE,
    tailSec: 3,
    second: shopOf(story.capacityPerSec, story.busy),
  })
  const last = stories.at(-1)!
  const replayed = replays.map((capacityPerSec, n) => ({
    arm: arms.length + n,
    fixes: last.fixes,
    topology: applyFixes(DEFAULT_TOPOLOGY, last.fixes),
    story: { ...last, capacityPerSec },
  }))
  return buildRun({
    arms: [...arms, ...replayed.map(({ arm, fixes, topology }) => ({ arm, fixes, topology }))],
    segments: [
      surge(stories[0]!, 0),
      ...steps,
      ...replayed.map(({ story, arm }, n) => ({ ...surge(story, arm), ...(n > 0 && { seed: n }) })),
    ],
    scenario: { normalPerSec: 5, peakPerSec: PEAK, keepHeadroom: 0.3 },
  })
}

const TODAY: Story = { fixes: [], capacityPerSec: 31, busy: 'database' }

describe('the reference case', () => {
  const run = rehearsalOf(
    [
      TODAY,
      { fixes: [UP], capacityPerSec: 58, busy: 'app' },
      { fixes: [OUT], capacityPerSec: 31, busy: 'database' },
      { fixes: [UP, OUT], capacityPerSec: 105, busy: 'app' },
    ],
    [105],
  )
  const result = assembleRehearsal(run)

  test('says that today does not hold, and how much of the peak it covers', () => {
    expect(result.verdict).toBe('does-not-hold')
    expect(result.exit.code).toBe(1)
    expect(result.capacity!.low).toBeLessThanOrEqual(31)
    expect(result.capacity!.high).toBeGreaterThanOrEqual(31)
    expect(result.covers).toBeCloseTo(31 / PEAK, 1)
  })

  test('says which balancer ran, once', () => {
    expect(result.balancers).toEqual([{ engine: 'embedded', algorithm: 'least-connections' }])
    expect(result.poolers.map(({ kind }) => kind)).toEqual(['none'])
    expect(result.caches.map(({ kind }) => kind)).toEqual(['none'])
  })

  test('tells the incident in order', () => {
    const { firstSignSec, onsetSec, outageStartSec, restoredSec } = result.incident
    expect(firstSignSec).not.toBeNull()
    expect(firstSignSec!).toBeLessThanOrEqual(onsetSec!)
    expect(onsetSec!).toBeLessThanOrEqual(outageStartSec!)
    expect(restoredSec!).toBeGreaterThan(onsetSec!)
  })

  test('names the database, confirmed by the fixes', () => {
    expect(result.bottleneck.class).toBe('database-cpu')
    expect(result.bottleneck.confidence).toBe('confirmed')
    expect(result.bottleneck.against).not.toBeNull()
  })

  test('gives each fix its verdict, and the winner its replay', () => {
    const verdicts = result.whatif!.arms.map(({ label, verdict }) => [label, verdict])
    expect(verdicts).toEqual([
      ['database CPU ×3', 'helps'],
      ['load balancing over 2 servers', 'no-effect'],
      ['database CPU ×3 + load balancing over 2 servers', 'fixes'],
    ])
    expect(result.winner).toMatchObject({ survives: true, replays: { held: 1, of: 1 } })
    expect(result.headline).toContain('the same surge holds')
  })

  test('counts the orders lost against the replay that held', () => {
    expect(result.impact!.ordersLost).toBeGreaterThan(0)
    expect(result.impact!.method).toContain('same')
  })

  test('a record written and read again gives the same result', () => {
    const again = readRun(recordLines(run).map((line) => JSON.parse(JSON.stringify(line))))!
    expect(assembleRehearsal(again)).toEqual(result)
  })
})

describe("where today's capacity could not be measured", () => {
  const whole = rehearsalOf([TODAY, { fixes: [UP], capacityPerSec: 105, busy: 'app' }], [105])
  const ofToday = new Set(whole.arms.filter(({ fixes }) => fixes.length === 0).map(({ arm }) => arm))
  const segments = whole.segments.filter(({ line }) => line.purpose !== 'step' || !ofToday.has(line.arm))
  const result = assembleRehearsal({ ...whole, segments })

  test('a fix that carries the peak is told, and wins by its replay, without a factor', () => {
    expect(result.capacity).toBeNull()
    expect(result.verdict).toBe('does-not-hold')
    const [up] = result.whatif!.arms
    expect(up).toMatchObject({ label: 'database CPU ×3', verdict: 'fixes', ratio: null })
    expect(result.whatif!.conclusion).toContain("Today's capacity could not be measured")
    expect(result.winner).toMatchObject({ survives: true, replays: { held: 1, of: 1 } })
  })

  test('nothing is told of fixes when none was measured either', () => {
    const none = { ...whole, segments: segments.filter(({ line }) => line.purpose !== 'step') }
    expect(assembleRehearsal(none).whatif).toBeNull()
  })
})

describe('CPU not isolated', () => {
  const stories: Story[] = [
    TODAY,
    { fixes: [UP], capacityPerSec: 58, busy: 'app' },
    { fixes: [OUT], capacityPerSec: 31, busy: 'database' },
    { fixes: [UP, OUT], capacityPerSec: 105, busy: 'app' },
    { fixes: [MEND], capacityPerSec: 105, busy: 'app' },
  ]
  const NONE = { means: 'none', bindsWithin: null, periodMs: null } as const
  const withoutBudgets = (run: RunData): RunData => ({
    ...run,
    arms: run.arms.map((arm) => ({ ...arm, isolation: NONE })),
  })
  const run = rehearsalOf(stories, [105])
  const [held, unheld] = [run, withoutBudgets(run)].map(assembleRehearsal)
  const told = ({ whatif }: NonNullable<typeof held>) =>
    whatif!.arms.map(({ label, verdict }) => [label, verdict])

  test('withholds the verdict on every fix of CPU, whatever was measured, and on no other', () => {
    expect(told(held!).map(([, verdict]) => verdict)).toEqual(['helps', 'no-effect', 'fixes', 'fixes'])
    expect(told(unheld!)).toEqual([
      ['database CPU ×3', 'inconclusive'],
      ['load balancing over 2 servers', 'inconclusive'],
      ['database CPU ×3 + load balancing over 2 servers', 'inconclusive'],
      [expect.any(String), 'fixes'],
    ])
    expect(unheld!.whatif!.arms[0]!.because).toBe(
      'CPU not isolated: nothing here holds a component to its budget, so that what database CPU ×3 brings cannot be told',
    )
    expect(unheld!.winner).toMatchObject({ fixes: [MEND] })
  })

  test('a cause of CPU is not confirmed, and says why; no limit is said to be one', () => {
    const [of, without] = [stories.slice(0, 4), stories.slice(0, 4)].map((some, index) => {
      const built = rehearsalOf(some, [105])
      return assembleRehearsal(index === 0 ? built : withoutBudgets(built))
    })
    expect(of!.bottleneck).toMatchObject({ class: 'database-cpu', confidence: 'confirmed' })
    expect(of!.whatif!.baseline.limitedBy?.class).toBe('database-cpu')
    expect(without!.bottleneck).toMatchObject({ class: 'database-cpu', confidence: 'not-confirmed' })
    expect(without!.bottleneck.says).toContain('(CPU not isolated: nothing here holds')
    expect(without!.whatif!.baseline.limitedBy).toBeNull()
  })

  test('fixes of CPU are not tried at all', () => {
    const { whatif } = assembleRehearsal(withoutBudgets(rehearsalOf([TODAY], [])))
    expect(whatif!.arms.map(({ verdict }) => verdict)).toEqual(['not-run', 'not-run'])
    for (const { because } of whatif!.arms) expect(because).toContain('CPU not isolated')
  })

  test('a system that Doorbuster did not start has the CPU it has', () => {
    const attached = { kind: 'attached', atUs: 0, target: null, missing: [], levers: [] } as unknown
    const theirs = { ...withoutBudgets(run), attached: attached as RunData['attached'] }
    expect(isCpuIsolated(theirs)).toBe(true)
    expect(isCpuIsolated(withoutBudgets(run))).toBe(false)
  })
})

test('a winner has to hold every replay', () => {
  const stories: Story[] = [
    TODAY,
    { fixes: [UP], capacityPerSec: 58, busy: 'app' },
    { fixes: [OUT], capacityPerSec: 31, busy: 'database' },
    { fixes: [UP, OUT], capacityPerSec: 105, busy: 'app' },
  ]
  const always = assembleRehearsal(rehearsalOf(stories, [105, 105, 105]))
  expect(always.winner).toMatchObject({ survives: true, replays: { held: 3, of: 3 } })
  const once = assembleRehearsal(rehearsalOf(stories, [105, 40]))
  expect(once.winner).toMatchObject({ survives: false, replays: { held: 1, of: 2 } })
  expect(once.headline).toContain('No fix tried holds')
})

test('a surge that holds needs no fix: exit 0, no bottleneck, an incident of nulls', () => {
  const result = assembleRehearsal(rehearsalOf([{ ...TODAY, capacityPerSec: 110 }], []))
  expect(result.verdict).toBe('holds')
  expect(result.exit.code).toBe(0)
  expect(Object.values(result.incident).every((value) => value === null)).toBe(true)
  expect(result.winner).toBeNull()
})

test('when no fix moves capacity, none is a winner', () => {
  const result = assembleRehearsal(
    rehearsalOf(
      [
        { fixes: [], capacityPerSec: 20, busy: 'database' },
        { fixes: [UP], capacityPerSec: 20, busy: 'database' },
        { fixes: [OUT], capacityPerSec: 20, busy: 'database' },
        { fixes: [UP, OUT], capacityPerSec: 20, busy: 'database' },
      ],
      [],
    ),
  )
  expect(result.winner).toBeNull()
  expect(result.whatif!.arms.every(({ verdict }) => verdict === 'no-effect')).toBe(true)
  expect(result.whatif!.conclusion).toContain('No fix tried holds')
  expect(result.bottleneck.confidence).toBe('not-confirmed')
})

test('fixes that were never tried are said to be not run, with the reason', () => {
  const result = assembleRehearsal(rehearsalOf([TODAY], []))
  const unrun = result.whatif!.arms
  expect(unrun.map(({ verdict }) => verdict)).toEqual(['not-run', 'not-run'])
  expect(unrun[0]!.because).toContain('time budget')
})

test('a broken invariant is exit 1 however well the surge went', () => {
  const lines = recordLines(rehearsalOf([{ ...TODAY, capacityPerSec: 110 }], []))
  const broken = {
    kind: 'invariant',
    atUs: 1,
    arm: 0,
    name: 'no oversell',
    held: false,
    detail: '1 rows',
  } as const
  const held = { ...broken, held: true, arm: 1 }
  const result = assembleRehearsal(readRun([...lines, broken, held])!)
  expect(result.exit.code).toBe(1)
  expect(result.invariants).toEqual([
    { name: 'no oversell', held: false, detail: '1 rows', samples: 0, firstBrokenSec: null },
  ])
})

test('so is one that a sample found broken while the surge ran, though the books were in order when it was over', () => {
  const run = rehearsalOf([{ ...TODAY, capacityPerSec: 110 }], [])
  const surge = run.segments.find(({ line }) => line.purpose === 'surge')!.line
  const atEnd = {
    kind: 'invariant',
    atUs: surge.startUs + 60e6,
    arm: 0,
    held: true,
    detail: 'no rows',
  } as const
  const sample = (sec: number, held: readonly string[], broken: readonly string[]): RecordLine => ({
    kind: 'invariant-sample',
    atUs: surge.startUs + sec * 1e6,
    arm: 0,
    tookUs: 9000,
    held,
    broken: broken.map((name) => ({ name, detail: `${name} at ${sec}` })),
    missed: held.length + broken.length === 2 ? [] : ['money conserved'],
  })
  const lines: RecordLine[] = [
    ...recordLines(run),
    { ...atEnd, name: 'no oversell' },
    { ...atEnd, name: 'money conserved' },
    sample(3, ['no oversell', 'money conserved'], []),
    sample(6, ['money conserved'], ['no oversell']),
    sample(9, [], ['no oversell']),
    sample(12, ['no oversell'], []),
  ]
  const result = assembleRehearsal(readRun(lines)!)
  expect(result.exit).toMatchObject({ code: 1, meaning: expect.stringContaining('1 invariant(s) broken') })
  expect(result.invariants).toEqual([
    { name: 'no oversell', held: false, detail: 'no oversell at 6', samples: 4, firstBrokenSec: 6 },
    { name: 'money conserved', held: true, detail: 'no rows', samples: 2, firstBrokenSec: null },
  ])
  // The record as a file would hold it says the same.
  const written = lines.map((line): RecordLine => JSON.parse(JSON.stringify(line)))
  expect(assembleRehearsal(readRun(written)!)).toEqual(result)
})

test('a record that ends in the middle of the surge is partial and inconclusive, never a claim', () => {
  const whole = recordLines(rehearsalOf([TODAY], []))
  const cut = whole.slice(
    0,
    whole.findIndex(({ kind }) => kind === 'segment-end'),
  )
  const result = assembleRehearsal(readRun(cut)!)
  expect(result.partial).toBe(true)
  expect(result.verdict).toBe('inconclusive')
  expect(result.capacity).toBeNull()
})

/** The same record as if a rule had ended the n-th of its surges, which had come through until then. */
function endedByRule(run: RunData, nth: number): RunData {
  let surges = 0
  const ids = run.segments.flatMap(({ line }) =>
    line.purpose === 'surge' && surges++ === nth ? [line.segment] : [],
  )
  const lines = recordLines(run).map((line): RecordLine => {
    if (line.kind !== 'segment-end' || !ids.includes(line.segment)) return line
    return {
      ...line,
      aborted: RULE,
      abortedBy: 'rule',
      engine: { ...line.engine, durationSec: 10.5, endedEarly: 'asked' },
    }
  })
  return readRun(lines)!
}
const RULE = 'p95 of POST /checkout 6000 ms > 5000 ms over 10 s (abortWhen)'

test('a surge that a rule ended does not hold, with the rule in words', () => {
  const ended = endedByRule(rehearsalOf([{ ...TODAY, capacityPerSec: 110 }], []), 0)
  const result = assembleRehearsal(ended)
  expect(result.verdict).toBe('does-not-hold')
  expect(result.exit).toEqual({
    code: 1,
    meaning: `today's shop does not hold, its load was ended after 10 s: ${RULE}; this is an answer, not a crash`,
  })
  expect(result.validity.trusted).toBe(true)
  expect(result.surges[0]).toMatchObject({ held: false, valid: true })
  expect(assembleRun(ended)).toMatchObject({
    verdict: 'does-not-hold',
    exit: { code: 1, meaning: expect.stringContaining(RULE) },
    headline: `The surge does not hold: its load was ended after 10 s: ${RULE}.`,
  })
})

test('a replay that a rule ended did not survive', () => {
  const stories: Story[] = [
    TODAY,
    { fixes: [UP], capacityPerSec: 58, busy: 'app' },
    { fixes: [OUT], capacityPerSec: 31, busy: 'database' },
    { fixes: [UP, OUT], capacityPerSec: 105, busy: 'app' },
  ]
  const result = assembleRehearsal(endedByRule(rehearsalOf(stories, [105]), 1))
  expect(result.winner).toMatchObject({ survives: false, replays: { held: 0, of: 1 } })
})

describe('a fix whose system failed', () => {
  const failed = (when: 'standing-up' | 'under-load', ...stories: Story[]) => {
    const run = rehearsalOf([TODAY, ...stories], [])
    const reason = 'app-2 was started but not ready within 8 s; its last output:\nno connection left'
    return { ...run, armFailures: [{ kind: 'arm-failed' as const, atUs: 1, fixes: [OUT], when, reason }] }
  }
  const armOf = (run: ReturnType<typeof failed>) =>
    assembleRehearsal(run).whatif!.arms.filter(({ fixes }) => fixes.length === 1 && fixes[0]!.id === OUT.id)

  test('was not run when it did not come up, with the reason, and is not offered again', () => {
    const run = failed('standing-up', { fixes: [UP], capacityPerSec: 58, busy: 'app' })
    expect(armOf(run)).toMatchObject([
      {
        label: 'load balancing over 2 servers',
        verdict: 'not-run',
        because: 'did not come up: app-2 was started but not ready within 8 s (no connection left)',
        capacity: null,
      },
    ])
    const pair = assembleRehearsal(run).whatif!.arms.find(({ fixes }) => fixes.length === 2)
    expect(pair).toMatchObject({
      verdict: 'not-run',
      because: 'load balancing over 2 servers alone did not come up',
    })
  })

  test('has no clear verdict when it died, whatever its steps said until then', () => {
    const run = failed('under-load', { fixes: [OUT], capacityPerSec: 120, busy: 'app' })
    expect(armOf(run)).toMatchObject([
      { verdict: 'inconclusive', because: expect.stringMatching(/^did not stay up/) },
    ])
    expect(assembleRehearsal(run).winner).toBeNull()
  })
})

test('what was asked for by --fix is all that can be missing', () => {
  const run = rehearsalOf([TODAY], [])
  const asked = (...fixes: FixId[]) =>
    assembleRehearsal({
      ...run,
      header: { ...run.header, options: { ...run.header.options, fixes } },
    }).whatif!.arms.map(({ fixes: [fix], verdict }) => `${fix!.id}: ${verdict}`)
  expect(asked('cache.add')).toEqual(['cache.add: not-run'])
  expect(asked().length).toBeGreaterThan(1)
})
