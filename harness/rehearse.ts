import { armCapacity } from './core/assemble/arm-capacity.ts'
import { armsState, measuredArms } from './core/assemble/measured-arms.ts'
import { nextArms } from './core/choose-arms.ts'
import { surgePlan } from './core/compile-plan.ts'
import { armLabel, type FixId, type FixStep } from './core/fixes.ts'
import { surgeResult } from './core/measure/surge.ts'
import type { StepResult, SurgeResult } from './core/result.ts'
import type { SegmentData } from './core/run-data.ts'
import { candidatesToReplay } from './core/verdicts.ts'
import { causeTeller } from './early-cause.ts'
import { type SearchProgress, searchCapacity, switchArm } from './experiment.ts'
import { type Stage, surgeSec } from './stage.ts'

/** What a rehearsal tells while it runs. */
export type RehearsalEvents = {
  phase(text: string, aboutSec: number | null): void
  say(text: string): void
  expect(leftSec: number): void
}

/** Moving to another arm: fixes applied, data restored, warmed up, budgets on, settled. */
const SWITCH_SEC = 4.5
/** Deriving, rendering and taking everything down. */
const END_SEC = 3
/** An arm measured in less time than this says nothing. */
const SHORTEST_ARM_SEC = 8
/** More time than this narrows an interval no further than the machine's own noise. */
const LONGEST_ARM_SEC = 90

/**
 * Surge on today's topology → cause → fixes → the same surge on the winner. Everything it learns is in the record;
 * `assembleRehearsal` turns that into the result. It keeps to the stage's time budget.
 */
export async function rehearse(stage: Stage, events: RehearsalEvents): Promise<void> {
  const { conductor, scenario, experiment, traffic } = stage
  const surgeTakesSec = surgeSec(traffic)
  const leftSec = () => (stage.budgetEndsUs - conductor.clock.nowUs()) / 1e6

  events.phase('warming up', SWITCH_SEC)
  events.expect(leftSec())
  await switchArm(experiment, [])

  events.phase(`the surge on today's shop`, surgeTakesSec)
  const today = await driveSurge(stage)
  await conductor.checkInvariants(scenario.invariants)
  const cause = causeTeller(stage, events)
  if (!today.held) cause.afterSurge()
  else events.say(`the surge holds on today's shop: ${today.because}`)
  if (!today.valid) {
    events.say(`do not believe this measurement: ${today.invalidBecause}`)
    return
  }

  const replaySec = today.held ? 0 : surgeTakesSec + SWITCH_SEC
  const onStep = today.held ? undefined : cause.afterStep
  await measureToday(stage, events, { replaySec, arms: today.held ? 1 : 4, onStep })
  if (today.held) return
  cause.afterSearch()
  await tryFixes(stage, events, { replaySec, only: [] })

  for (const candidate of candidatesToReplay(measuredArms(conductor.data()).arms, traffic.peakPerSec)) {
    if (leftSec() < surgeTakesSec + END_SEC / 2) {
      conductor.event('note', `time budget used up before the surge was replayed on ${candidate.label}`)
      return
    }
    events.phase(`the same surge on ${candidate.label}`, replaySec)
    await switchArm(experiment, candidate.fixes)
    const replay = await driveSurge(stage)
    await conductor.checkInvariants(scenario.invariants)
    events.say(
      replay.held
        ? `the same surge holds on ${candidate.label}`
        : `the same surge does not hold on ${candidate.label}: ${replay.because}`,
    )
    if (replay.held) return
  }
}

type Sharing = {
  /** Time to keep for the replay on the winner, seconds. */
  readonly replaySec: number
}

/** What is left for each of `arms` arms when the replay and the end have their time, in seconds. */
function sliceSec(stage: Stage, replaySec: number, arms: number): number {
  const leftSec = (stage.budgetEndsUs - stage.conductor.clock.nowUs()) / 1e6
  return Math.max(0, (leftSec - END_SEC - replaySec) / arms)
}

/** Today's capacity, on the same footing as every fix's: fresh data, steps that begin in the steady state. */
export async function measureToday(
  stage: Stage,
  events: RehearsalEvents,
  { replaySec, arms, onStep }: Sharing & { readonly arms: number; readonly onStep?: OnStep | undefined },
): Promise<void> {
  await measureArm(stage, events, {
    fixes: [],
    onStep,
    sliceSec: Math.min(LONGEST_ARM_SEC, sliceSec(stage, replaySec, arms)),
  })
}

/** Each fix alone, then both together when neither holds; `only` limits them to these ids (empty: all). */
export async function tryFixes(
  stage: Stage,
  events: RehearsalEvents,
  { replaySec, only }: Sharing & { readonly only: readonly FixId[] },
): Promise<void> {
  const { conductor } = stage
  for (let planned = 3; ; planned = 1) {
    const choices = nextArms(armsState(conductor.data())).filter(
      ({ notRun, fixes }) =>
        notRun === null && (only.length === 0 || fixes.every(({ id }) => only.includes(id))),
    )
    if (choices.length === 0) return
    for (const [index, choice] of choices.entries()) {
      const slice = sliceSec(stage, replaySec, Math.max(1, planned - index))
      if (slice < SHORTEST_ARM_SEC) {
        conductor.event('note', `time budget used up before ${choice.label} was tried`)
        return
      }
      await measureArm(stage, events, { fixes: choice.fixes, sliceSec: slice })
    }
  }
}

/** One surge as a segment, boiled down. */
export async function driveSurge(stage: Stage): Promise<SurgeResult> {
  const { conductor, scenario, experiment, traffic } = stage
  const segment: SegmentData = await conductor.drive(
    surgePlan(scenario, experiment.file, traffic, scenario.seed),
  )
  return surgeResult(conductor.data(), segment)
}

type OnStep = (step: StepResult) => void
type ArmTask = {
  readonly fixes: readonly FixStep[]
  readonly sliceSec: number
  readonly onStep?: OnStep | undefined
}

/** Moves to an arm and searches its capacity within its slice of the time. */
export async function measureArm(
  stage: Stage,
  events: RehearsalEvents,
  { fixes, sliceSec, onStep }: ArmTask,
): Promise<void> {
  const { conductor, experiment, scenario } = stage
  const label = fixes.length === 0 ? "today's capacity" : armLabel(fixes)
  const untilUs = conductor.clock.nowUs() + sliceSec * 1e6
  events.phase(`measuring ${label}`, sliceSec)
  events.expect((stage.budgetEndsUs - conductor.clock.nowUs()) / 1e6)
  const expectedPerSec = expectedCapacity(stage, fixes)
  const arm = await switchArm(experiment, fixes)
  const noted: SearchProgress = (step) => {
    if (!step) return
    const p95 = step.p95Ms === null ? 'beyond any bound' : `${Math.round(step.p95Ms)} ms`
    conductor.event('note', `step at ${step.offeredPerSec.toPrecision(3)}/s: ${step.verdict}, p95 ${p95}`)
    onStep?.(step)
  }
  await searchCapacity(experiment, { startPerSec: expectedPerSec, untilUs, onStep: noted })
  await conductor.checkInvariants(scenario.invariants)
  const { capacity } = armCapacity(conductor.data(), arm)
  events.say(
    capacity
      ? `${label}: ${round(capacity.perSec)} shoppers/s (${round(capacity.low)}–${round(capacity.high)})`
      : `${label}: no capacity could be measured`,
  )
}

/**
 * Where a search begins, relative to the capacity its service demands predict: a surge hides part of what a shopper costs,
 * and steps at low load overstate it (idle wake-ups). It decides how soon the limit is seen, never where it lies.
 */
const START = { today: 0.8, fixed: 0.95 } as const

function expectedCapacity(stage: Stage, fixes: readonly FixStep[]): number {
  const state = armsState(stage.conductor.data())
  const fallback = stage.traffic.peakPerSec / 3
  return fixes.length === 0
    ? (state.todayPredicted ?? fallback) * START.today
    : (state.predict(fixes)?.perSec ?? fallback) * START.fixed
}

function round(perSec: number): string {
  return perSec < 10 ? perSec.toFixed(1) : String(Math.round(perSec))
}
