import { applyFixes, armLabel, type FixStep } from '../../core/fixes.ts'
import type {
  ArmResult,
  Bottleneck,
  Capacity,
  Check,
  Common,
  FixVerdict,
  Impact,
  Incident,
  RehearseResult,
  StepResult,
  SurgeResult,
  WhatIf,
} from '../../core/result.ts'
import type { RunData } from '../../core/run-data.ts'
import { armLine, HEADER, ISOLATION, surgeSegmentData, TODAY } from './facts.ts'
import { CLICKS_PER_SHOPPER, PEAK_PER_SEC, simulateSurge, stepLoads } from './simulate-surge.ts'

export type RehearsalKind =
  | 'does-not-hold'
  | 'holds'
  | 'inconclusive'
  | 'invalid'
  | 'partial'
  | 'no-fix-holds'

export type Rehearsal = { readonly result: RehearseResult; readonly run: RunData }

const DATABASE: FixStep = { id: 'database.scale-up', step: 3 }
const APP: FixStep = { id: 'app.scale-out', step: 2 }

/** A rehearsal as the harness would report it, made up from a rough simulation: for tests and for looking at reports. */
export function makeRehearsal(kind: RehearsalKind): Rehearsal {
  switch (kind) {
    case 'does-not-hold':
      return doesNotHold()
    case 'holds':
      return holds()
    case 'inconclusive':
      return inconclusive()
    case 'invalid':
      return invalid()
    case 'partial':
      return partial()
    case 'no-fix-holds':
      return noFixHolds()
  }
}

const NO_INCIDENT: Incident = {
  firstSignSec: null,
  firstSign: null,
  onsetSec: null,
  outageStartSec: null,
  outageEndSec: null,
  restoredSec: null,
  metastable: null,
}

const OUTAGE: Incident = {
  firstSignSec: 6,
  firstSign: 'database CPU at 98 % of its budget',
  onsetSec: 8,
  outageStartSec: 13,
  outageEndSec: 30,
  restoredSec: 38,
  metastable: false,
}

const NO_LOSS: Impact = {
  ordersExpected: 324,
  ordersTaken: 324,
  ordersLost: 0,
  revenueLost: 0,
  currency: 'EUR',
  shoppersTurnedAway: 0,
  method: 'the same plan on a topology that held',
}

const LOSS: Impact = {
  ...NO_LOSS,
  ordersTaken: 153,
  ordersLost: 171,
  revenueLost: 9234.5,
  shoppersTurnedAway: 811,
}

const DATABASE_CPU: Bottleneck = {
  class: 'database-cpu',
  resource: 'database',
  confidence: 'confirmed',
  against: 'database-missing-index',
  runnerUp: 'database-missing-index',
  says: 'database CPU: 98 % of 0.20 cores, 61 % of it "best sellers"',
  evidence: [
    {
      layer: 'database',
      metric: 'busyRatio',
      value: 0.98,
      unit: 'of budget',
      threshold: 0.9,
      supports: true,
      says: 'the database used 98 % of its CPU budget while the SLO broke',
    },
    {
      layer: 'pool',
      metric: 'poolWaiting',
      value: 8.4,
      unit: 'requests',
      threshold: 1,
      supports: true,
      says: '8 requests waited for a database connection, because queries took longer',
    },
    {
      layer: 'app',
      metric: 'busyRatio',
      value: 0.44,
      unit: 'of budget',
      threshold: 0.9,
      supports: true,
      says: 'the app servers were only 44 % busy',
    },
    {
      layer: 'database',
      metric: 'sessionsLock',
      value: 0.4,
      unit: 'sessions',
      threshold: 2,
      supports: false,
      says: 'hardly any session waited for a lock',
    },
  ],
}

const RULED_OUT: RehearseResult['ruledOut'] = [
  {
    class: 'database-missing-index',
    because: 'no statement reads many more rows than it returns (1.3 rows read for each returned)',
  },
  { class: 'database-lock', because: '0.4 sessions waited for a lock; 2 would be needed' },
  { class: 'pool-wait', because: 'the database was saturated: a bigger pool would only move the queue' },
  { class: 'app-cpu', because: 'the app servers were 44 % busy' },
]

const INVARIANTS: RehearseResult['invariants'] = [
  { name: 'no oversell', held: true, detail: '0 rows' },
  { name: 'no order doubled', held: true, detail: '0 rows' },
  { name: 'no confirmed order lost', held: true, detail: '0 rows' },
]

const CHECKS: readonly Check[] = [
  {
    name: 'load delivered',
    segment: 1,
    held: true,
    value: 1,
    threshold: 0.99,
    says: 'every intended click was sent',
  },
  {
    name: 'send lag',
    segment: 1,
    held: true,
    value: 2.9,
    threshold: 15,
    says: '99 of 100 clicks were sent within 2.9 ms of their time',
  },
  {
    name: 'generator CPU',
    segment: 1,
    held: true,
    value: 0.19,
    threshold: 0.8,
    says: 'the generator used 0.19 of a core',
  },
  {
    name: 'arrivals as planned',
    segment: 1,
    held: true,
    value: 1.02,
    threshold: 1.39,
    says: 'arrivals scattered as planned',
  },
  {
    name: 'host contention',
    segment: 5,
    held: false,
    value: 0.6,
    threshold: 0.4,
    says: 'another program used 0.60 cores; the step was repeated',
  },
  {
    name: 'host contention',
    segment: 6,
    held: true,
    value: 0.1,
    threshold: 0.4,
    says: 'others used 0.10 cores',
  },
]

function common(headline: string, exit: Common<'rehearse'>['exit']): Common<'rehearse'> {
  return {
    schema: 1,
    command: 'rehearse',
    run: HEADER.run,
    scope: 'sample-shop',
    headline,
    exit,
    validity: { trusted: true, reasons: [], checks: CHECKS },
    isolation: ISOLATION,
    notTested: [
      'your data size: the sample shop has 10,000 products and fits in memory',
      'CDN and browser caches: every click reached the shop',
      'the payment provider: payment is simulated',
      'an autoscaler, or losing a server in the middle of the surge',
      'more than one surge: this one lasted 45 s',
    ],
    quick: false,
    partial: false,
    elapsedSec: 281,
  }
}

function doesNotHold(): Rehearsal {
  const whatif = whatIf(31, [
    armResult(1, [DATABASE], 58, 'helps', 31, 'app-cpu'),
    armResult(2, [APP], 31.2, 'no-effect', 31, 'database-cpu'),
    armResult(3, [DATABASE, APP], 101, 'fixes', 31, 'app-cpu'),
  ])
  const winner = whatif.arms[2]!
  const surges = [
    surge(0, 'today', 1, 31, OUTAGE, LOSS),
    surge(3, winner.label, 30, 101, NO_INCIDENT, NO_LOSS),
  ]
  const result: RehearseResult = {
    ...common(
      "Today's shop does not hold the doors-open minute: the database runs out of CPU at 31 of 60 shoppers/s",
      {
        code: 1,
        meaning: "today's shop does not hold; this is an answer, not a crash",
      },
    ),
    verdict: 'does-not-hold',
    ...measured(31),
    incident: OUTAGE,
    impact: LOSS,
    bottleneck: DATABASE_CPU,
    ruledOut: RULED_OUT,
    whatif,
    winner: {
      fixes: winner.fixes,
      label: winner.label,
      survives: true,
      replays: { held: 1, of: 1 },
      headroom: 0.68,
    },
    surges,
    alerts: null,
    invariants: INVARIANTS,
    report: 'reports/latest/report.html',
    causeAfterSec: 74,
    header: HEADER,
  }
  return { result, run: runData(surges) }
}

function holds(): Rehearsal {
  const surges = [surge(0, 'today', 1, 84, NO_INCIDENT, NO_LOSS)]
  const result: RehearseResult = {
    ...doesNotHold().result,
    ...common("Today's shop holds the doors-open minute with 40 % headroom", {
      code: 0,
      meaning: "today's shop holds",
    }),
    verdict: 'holds',
    ...measured(84),
    incident: NO_INCIDENT,
    impact: NO_LOSS,
    bottleneck: {
      class: 'none',
      resource: null,
      confidence: 'likely',
      against: null,
      evidence: [],
      runnerUp: null,
      says: '',
    },
    ruledOut: [],
    whatif: null,
    winner: null,
    surges,
    causeAfterSec: null,
  }
  return { result, run: runData(surges) }
}

function inconclusive(): Rehearsal {
  const { result, run } = doesNotHold()
  const verdict = 'inconclusive'
  const arms = (result.whatif?.arms ?? []).map((arm): ArmResult => {
    if (arm.arm === 1) return { ...arm, verdict, because: 'its interval 41–78 straddles the peak' }
    return {
      ...arm,
      capacity: null,
      ratio: null,
      verdict: 'not-run',
      because: 'the time budget ran out',
      steps: [],
    }
  })
  return {
    run,
    result: {
      ...result,
      ...common('No clear answer: capacity may be 52 or 71 shoppers/s, and the peak is 60', {
        code: 3,
        meaning: 'inconclusive',
      }),
      verdict,
      ...measured(60),
      capacity: { ...capacity(60), low: 52, high: 71 },
      bottleneck: { ...DATABASE_CPU, confidence: 'likely', against: null },
      incident: { ...OUTAGE, outageStartSec: null, outageEndSec: null },
      whatif: { ...result.whatif!, arms, conclusion: 'No fix could be told from noise in the time given.' },
      winner: null,
    },
  }
}

function invalid(): Rehearsal {
  const { result, run } = doesNotHold()
  const says = '99 of 100 clicks were sent within 1,940 ms of their time, and 15 ms is allowed'
  const failed: Check = { name: 'send lag', segment: 1, held: false, value: 1940, threshold: 15, says }
  return {
    run,
    result: {
      ...result,
      ...common('The load generator could not send shoppers in time: this run says nothing about the shop', {
        code: 5,
        meaning: 'measurement invalid',
      }),
      verdict: 'invalid',
      validity: { trusted: false, reasons: [`send lag: ${says}`], checks: [failed, ...CHECKS.slice(2)] },
      surges: result.surges.slice(0, 1).map((one) => ({ ...one, valid: false, invalidBecause: says })),
    },
  }
}

function partial(): Rehearsal {
  const { result, run } = doesNotHold()
  return {
    run: { ...run, segments: run.segments.slice(0, 1), end: null },
    result: {
      ...result,
      ...common('Interrupted after the surge: the cause is likely, no fix was tried', {
        code: 130,
        meaning: 'interrupted',
      }),
      validity: {
        trusted: false,
        reasons: ['the record ends before the command did'],
        checks: CHECKS.slice(0, 4),
      },
      partial: true,
      quick: true,
      capacity: null,
      covers: null,
      headroom: null,
      bottleneck: { ...DATABASE_CPU, confidence: 'likely', against: null },
      whatif: null,
      winner: null,
      surges: result.surges.slice(0, 1),
      invariants: [],
      report: null,
      elapsedSec: 66,
    },
  }
}

function noFixHolds(): Rehearsal {
  const { result, run } = doesNotHold()
  const whatif = whatIf(22, [
    armResult(1, [DATABASE], 22.3, 'no-effect', 22, 'database-lock'),
    armResult(2, [APP], 21.6, 'no-effect', 22, 'database-lock'),
    armResult(3, [DATABASE, APP], 22.4, 'no-effect', 22, 'database-lock'),
  ])
  return {
    run,
    result: {
      ...result,
      ...common('Today does not hold, and no fix tried holds: orders queue for one row', {
        code: 1,
        meaning: 'does not hold',
      }),
      ...measured(22),
      isolation: { means: 'none', bindsWithin: null, periodMs: null },
      incident: { ...OUTAGE, restoredSec: null, outageEndSec: null, metastable: true },
      bottleneck: {
        ...DATABASE_CPU,
        class: 'database-lock',
        confidence: 'likely',
        against: null,
        runnerUp: 'database-cpu',
        says: '14 sessions waited for one row of products',
      },
      ruledOut: [{ class: 'database-cpu', because: 'the database was 31 % busy' }],
      whatif: {
        ...whatif,
        conclusion: 'Neither more database CPU nor more servers moves the limit: orders wait for one row.',
      },
      winner: null,
      surges: result.surges.slice(0, 1),
      invariants: [{ name: 'no oversell', held: false, detail: '3 rows' }, ...INVARIANTS.slice(1)],
    },
  }
}

function measured(perSec: number) {
  return {
    peak: { perSec: PEAK_PER_SEC, clicksPerSec: PEAK_PER_SEC * CLICKS_PER_SHOPPER, ordersPerMin: 288 },
    capacity: capacity(perSec),
    covers: perSec / PEAK_PER_SEC,
    headroom: perSec / PEAK_PER_SEC - 1,
  }
}

function capacity(perSec: number): Capacity {
  return {
    perSec,
    low: perSec * 0.91,
    high: perSec * 1.09,
    clicksPerSec: perSec * CLICKS_PER_SHOPPER,
    ordersPerMin: perSec * 4.8,
    limitedBy: { class: 'database-cpu', says: 'database CPU, 98 % of 0.20 cores' },
    lastPass: perSec * 0.98,
    firstFail: perSec * 1.04,
    method: '95 % interval of the posterior over 7 steps',
  }
}

function whatIf(today: number, arms: readonly ArmResult[]): WhatIf {
  const baseline = armResult(0, [], today, 'inconclusive', today, 'database-cpu')
  const conclusion = 'Only both together hold: the database gives way first, then the app servers.'
  return { baseline: { ...baseline, because: '' }, arms, conclusion }
}

function armResult(
  arm: number,
  fixes: readonly FixStep[],
  perSec: number,
  verdict: FixVerdict,
  today: number,
  limit: Bottleneck['class'],
): ArmResult {
  const ratio = perSec / today
  const bound = `at most ×${(ratio * 1.12).toFixed(2)}, which could not carry the peak`
  return {
    arm,
    fixes,
    label: armLabel(fixes),
    topology: applyFixes(TODAY, fixes),
    capacity: capacity(perSec),
    steps: stepLoads(perSec).map((offered, i) => step(arm * 10 + i + 2, offered, perSec)),
    ratio: { estimate: ratio, low: ratio * 0.9, high: ratio * 1.12 },
    verdict,
    because: verdict === 'no-effect' ? bound : '',
    predicted: perSec * 1.06,
    limitedBy: { class: limit, says: 'nearest its limit at the highest steps' },
    cost: fixes.reduce((sum, fix) => sum + fix.step - 1, 0),
    sideEffects: fixes.map(({ id }) =>
      id === 'database.scale-up' ? 'a restart of the database' : 'more connections',
    ),
  }
}

function step(segment: number, offeredPerSec: number, capacityPerSec: number): StepResult {
  const load = offeredPerSec / capacityPerSec
  const held = load <= 1.01
  const p95Ms = held ? 45 / (1.06 - load) ** 0.6 : load > 1.2 ? null : 300 * load ** 9
  return {
    segment,
    offeredPerSec,
    achievedPerSec: Math.min(load, 1.02) * capacityPerSec * CLICKS_PER_SHOPPER,
    clicks: Math.round(offeredPerSec * CLICKS_PER_SHOPPER * 4),
    p50Ms: p95Ms === null ? 1800 : p95Ms * 0.4,
    p95Ms,
    p99Ms: p95Ms === null ? null : p95Ms * 1.4,
    errorRatio: p95Ms === null ? 0.12 : 0,
    verdict: held ? 'pass' : 'fail',
    because: held ? 'every objective holds' : 'p95 of all clicks > 300 ms',
  }
}

function surge(
  arm: number,
  label: string,
  segment: number,
  capacityPerSec: number,
  incident: Incident,
  impact: Impact,
): SurgeResult {
  const held = incident.onsetSec === null
  return {
    arm,
    label,
    segment,
    held,
    because: held ? 'every objective holds over the whole 45 s' : 'p95 of all clicks > 3 s; 41 % errors',
    seconds: simulateSurge(capacityPerSec),
    incident,
    impact,
    peakClicksPerSec: PEAK_PER_SEC * CLICKS_PER_SHOPPER,
    valid: true,
    invalidBecause: null,
  }
}

function runData(surges: readonly SurgeResult[]): RunData {
  const fixesOf = (arm: number): readonly FixStep[] => (arm === 3 ? [DATABASE, APP] : [])
  const segments = surges.map(({ arm, segment, seconds }) =>
    surgeSegmentData(
      segment,
      arm,
      applyFixes(TODAY, fixesOf(arm)),
      seconds,
      arm === 3 ? 101 : arm === 0 && surges.length === 1 ? 84 : 31,
    ),
  )
  return {
    header: HEADER,
    arms: surges.map(({ arm }) => armLine(arm, fixesOf(arm), applyFixes(TODAY, fixesOf(arm)))),
    segments,
    series: segments.flatMap(({ series }) => series),
    events: [
      {
        kind: 'event',
        atUs: 120_000_000,
        name: 'segment-voided',
        detail: 'step at 35 shoppers/s repeated: host contention',
      },
    ],
    invariants: [],
    end: { kind: 'end', atUs: 281_000_000, exitCode: 1, reason: 'done' },
  }
}
