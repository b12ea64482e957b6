import { faultNote } from '../faults/fault-note.ts'
import { faultsAtOnset } from '../faults/surge-faults.ts'
import { runValidity } from '../measure/validity.ts'
import {
  type ArmResult,
  type Capacity,
  NO_INCIDENT,
  type RehearseResult,
  type SurgeResult,
  type WhatIf,
  type Winner,
} from '../result.ts'
import type { RunData } from '../run-data.ts'
import { candidatesToReplay, conclude } from '../verdicts.ts'
import { mixPerShopper } from './arm-capacity.ts'
import { commonOf, invariantsOf, uncheckedOf } from './common.ts'
import { measuredArms, unrunArms } from './measured-arms.ts'
import { ratesOnly } from './rates-only.ts'
import { diagnoseToday, surgesOf } from './today.ts'

type Verdict = RehearseResult['verdict']

/** The whole result of a rehearsal, from its record alone. A record that ends early gives what it holds so far. */
export function assembleRehearsal(run: RunData): RehearseResult {
  const { scenario } = run.header
  const surges = surgesOf(run)
  const today = surges.find(({ arm }) => isToday(run, arm)) ?? null
  const measured = measuredArms(run)
  const capacity = measured.baseline.capacity
  const arms = today?.held ? measured.arms : [...measured.arms, ...unrunArms(run)]
  const { bottleneck, ruledOut } = diagnoseToday(run, surges, measured.arms)
  const invariants = invariantsOf(run)
  const verdict = verdictOf(today, capacity, scenario.peakPerSec, run)
  const trusted = verdict !== 'invalid'
  const winner = trusted && today && !today.held ? winnerOf(run, measured.arms, surges) : null
  // Where today's capacity could not be measured, what was measured with fixes is told all the same.
  const whatif: WhatIf | null =
    trusted && (capacity ?? measured.arms.some((arm) => arm.capacity))
      ? { baseline: measured.baseline, arms, conclusion: conclusionOf(measured.baseline, arms, winner, run) }
      : null
  const covers = trusted && capacity ? capacity.perSec / scenario.peakPerSec : null
  const broken = invariants.filter(({ held }) => !held)
  const perShopper = perShopperAtPeak(run, measured.baseline, surges)
  const told = surges.map((surge) => ratesOnly(run, surge))
  const toldToday = told.find(({ arm }) => isToday(run, arm)) ?? null
  return {
    ...commonOf(run, 'rehearse', {
      headline: headlineOf(verdict, capacity, scenario.peakPerSec, winner, today),
      exit: exitOf(verdict, broken.length, scenario.peakPerSec, today?.endedEarly ?? null),
    }),
    verdict,
    peak: {
      perSec: scenario.peakPerSec,
      clicksPerSec: scenario.peakPerSec * perShopper.clicks,
      ordersPerMin: scenario.peakPerSec * perShopper.orders * 60,
    },
    capacity: trusted ? capacity : null,
    covers,
    headroom: covers === null ? null : covers - 1,
    incident: toldToday?.incident ?? NO_INCIDENT,
    impact: trusted && toldToday ? toldToday.impact : null,
    bottleneck,
    ruledOut,
    whatif,
    winner,
    surges: told,
    alerts: null,
    invariants,
    ...uncheckedOf(run),
    report: null,
    causeAfterSec: causeAfterSec(run),
    header: run.header,
  }
}

/** Clicks and orders a shopper means when all goes well: from today's capacity, else from a surge that held, else from any. */
function perShopperAtPeak(
  run: RunData,
  { capacity }: ArmResult,
  surges: readonly SurgeResult[],
): { clicks: number; orders: number } {
  if (capacity && capacity.perSec > 0)
    return {
      clicks: capacity.clicksPerSec / capacity.perSec,
      orders: capacity.ordersPerMin / 60 / capacity.perSec,
    }
  const good = new Set(surges.filter(({ held }) => held).map(({ segment }) => segment))
  const all = run.segments.filter(({ line }) => line.purpose === 'surge')
  const held = all.filter(({ line }) => good.has(line.segment))
  return mixPerShopper(held.length > 0 ? held : all)
}

function isToday(run: RunData, arm: number): boolean {
  return run.arms.find((line) => line.arm === arm)?.fixes.length === 0
}

/** Of today: the surge itself decides; a capacity surely below the peak contradicts a surge that held. */
function verdictOf(
  today: SurgeResult | null,
  capacity: Capacity | null,
  peakPerSec: number,
  run: RunData,
): Verdict {
  if (!today) return 'inconclusive'
  if (!runValidity(run).trusted) return 'invalid'
  if (!today.held) return 'does-not-hold'
  return capacity && capacity.high < peakPerSec ? 'inconclusive' : 'holds'
}

function winnerOf(run: RunData, arms: readonly ArmResult[], surges: readonly SurgeResult[]): Winner | null {
  const { peakPerSec } = run.header.scenario
  const tried = candidatesToReplay(arms, peakPerSec).map((arm) => {
    const replays = surges.filter(({ arm: at, valid }) => valid && sameFixes(run, at, arm.arm))
    const held = replays.filter((replay) => replay.held).length
    return { arm, held, of: replays.length }
  })
  const best = tried.find(({ held, of }) => of > 0 && held === of) ?? tried.find(({ of }) => of > 0)
  if (!best) return null
  const { arm, held, of } = best
  return {
    fixes: arm.fixes,
    label: arm.label,
    survives: of > 0 && held === of,
    replays: { held, of },
    headroom: arm.capacity ? arm.capacity.perSec / peakPerSec - 1 : null,
  }
}

function sameFixes(run: RunData, left: number, right: number): boolean {
  const fixes = (arm: number) => JSON.stringify(run.arms.find((line) => line.arm === arm)?.fixes ?? null)
  return fixes(left) === fixes(right)
}

function conclusionOf(
  baseline: ArmResult,
  arms: readonly ArmResult[],
  winner: Winner | null,
  run: RunData,
): string {
  const { peakPerSec, keepHeadroom } = run.header.scenario
  const words = conclude(baseline.capacity, arms, { peakPerSec, keepHeadroom })
  if (!winner) return words
  if (!winner.survives)
    return `No fix tried holds: the same surge broke ${winner.label} when it was replayed.`
  const won = arms.find(({ label }) => label === winner.label)
  return won?.verdict === 'fixes'
    ? words
    : `${winner.label} held the same surge when it was replayed; the headroom asked for (${Math.round(keepHeadroom * 100)} %) is not proven.`
}

function headlineOf(
  verdict: Verdict,
  capacity: Capacity | null,
  peakPerSec: number,
  winner: Winner | null,
  today: SurgeResult | null,
): string {
  const note = today ? faultNote(faultsAtOnset(today.faults, today.incident)) : ''
  const peak = `${round(peakPerSec)} shoppers/s`
  switch (verdict) {
    case 'holds':
      return `Today's shop holds the surge of ${peak}.`
    case 'invalid':
      return 'Do not believe this measurement: something other than the shop had a part in it.'
    case 'inconclusive':
      return `No clear answer: the surge of ${peak} was not measured to its end, or its results contradict each other.`
    case 'does-not-hold': {
      const covers = capacity
        ? `${note === '' ? ':' : '; without faults'} it carries ${round(capacity.perSec)} of ${peak}, ${Math.round((100 * capacity.perSec) / peakPerSec)} % of the peak`
        : ''
      const fix = winner?.survives
        ? ` With ${winner.label} the same surge holds.`
        : winner
          ? ' No fix tried holds.'
          : ''
      return `Today's shop does not hold the surge${note}${covers}.${fix}`
    }
  }
}

function exitOf(
  verdict: Verdict,
  brokenInvariants: number,
  peakPerSec: number,
  endedEarly: string | null,
): { code: number; meaning: string } {
  if (verdict === 'invalid') return { code: 5, meaning: 'do not believe this measurement' }
  if (brokenInvariants > 0)
    return {
      code: 1,
      meaning: `${brokenInvariants} invariant(s) broken: the shop gave wrong results under load`,
    }
  switch (verdict) {
    case 'holds':
      return { code: 0, meaning: `today's shop holds the peak of ${round(peakPerSec)} shoppers/s` }
    case 'does-not-hold':
      return {
        code: 1,
        meaning: `today's shop does not hold${endedEarly === null ? '' : `, ${endedEarly}`}; this is an answer, not a crash`,
      }
    case 'inconclusive':
      return { code: 3, meaning: 'no trustworthy answer either way' }
  }
}

/** The cause is told at the event `cause`; the run's clock starts with its header, a moment after the command. */
function causeAfterSec(run: RunData): number | null {
  const event = run.events.find(({ name, detail }) => name === 'phase' && detail === 'cause')
  return event ? event.atUs / 1e6 : null
}

function round(perSec: number): string {
  return perSec < 10 ? String(Number(perSec.toFixed(1))) : String(Math.round(perSec))
}
