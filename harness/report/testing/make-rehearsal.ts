import { applyFixes, type FixStep } from '../../core/fixes/index.ts'
import type {
  ArmResult,
  Check,
  Common,
  Impact,
  Incident,
  RehearseResult,
  SurgeResult,
} from '../../core/result.ts'
import type { RunData } from '../../core/run-data.ts'
import { armLine, HEADER, ISOLATION, surgeSegmentData, TODAY } from './facts.ts'
import { armResult, capacity, measured, whatIf } from './make-arms.ts'
import {
  CHECKS,
  DATABASE_CPU,
  INVARIANTS,
  LOSS,
  NO_INCIDENT,
  NO_LOSS,
  OUTAGE,
  RULED_OUT,
} from './rehearsal-parts.ts'
import { CLICKS_PER_SHOPPER, PEAK_PER_SEC, simulateSurge } from './simulate-surge.ts'

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
    coreSpeed: { low: 0.84, median: 1.02, high: 1.36 },
    balancers: [{ engine: 'embedded', algorithm: 'least-connections' }],
    poolers: [{ kind: 'none', poolMode: 'transaction', poolSize: 20 }],
    caches: [{ kind: 'none', memoryMb: 64 }],
    databases: [{ replicas: 0, replicaApplyDelayMs: 0, memoryMb: null }],
    data: {
      tables: [
        { table: 'orders', rows: 40_000, bytes: 8_552_448 },
        { table: 'products', rows: 10_000, bytes: 3_858_432 },
      ],
      bytes: 28_000_000,
      cacheBytes: 134_217_728,
    },
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
      coreSpeed: null,
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
      invariants: [
        { name: 'no oversell', held: false, detail: '3 rows', samples: 0, firstBrokenSec: null },
        ...INVARIANTS.slice(1),
      ],
    },
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
    endedEarly: null,
    failedChecks: [],
    faults: [],
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
    armFailures: [],
    attached: null,
    watched: null,
    data: null,
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
    invariantSamples: [],
    end: { kind: 'end', atUs: 281_000_000, exitCode: 1, reason: 'done' },
  }
}
