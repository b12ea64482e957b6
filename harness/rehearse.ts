import { armCapacity } from './core/assemble/arm-capacity.ts'
import { armsState, measuredArms } from './core/assemble/measured-arms.ts'
import { nextArms } from './core/choose-arms.ts'
import { segmentSeed, surgePlan } from './core/compile-plan.ts'
import { armLabel, type FixId, type FixStep } from './core/fixes.ts'
import { surgeResult } from './core/measure/surge.ts'
import type { ArmResult, StepResult, SurgeResult } from './core/result.ts'
import type { RunData, SegmentData } from './core/run-data.ts'
import type { Traffic } from './core/scenario.ts'
import { candidatesToReplay } from './core/verdicts.ts'
import { causeTeller } from './early-cause.ts'
import { type SearchProgress, type StepTiming, searchCapacity, switchArm, switchSec } from './experiment.ts'
import { type Stage, surgeSec } from './stage.ts'

/** What a rehearsal tells while it runs. */
export type RehearsalEvents = {
  phase(text: string, aboutSec: number | null): void
  say(text: string): void
  expect(leftSec: number): void
}

/** An arm measured in less time than this says nothing. */
const SHORTEST_ARM_SEC = 8
/** More time than this narrows an interval no further than the machine's own noise. */
const LONGEST_ARM_SEC = 90

/**
 * Surge on today's topology → cause → fixes → the same surge on the winner, `replays` times. Everything it learns is
 * in the record; `assembleRehearsal` turns that into the result. It keeps to the stage's time budget.
 */
export async function rehearse(stage: Stage, events: RehearsalEvents, replays: number): Promise<void> {
  const { conductor, experiment, traffic } = stage
  const { timing } = experiment
  const oneReplaySec = replayTakesSec(traffic, timing)

  const today = await believableSurge(stage, events, {
    fixes: [],
    crowd: 0,
    label: `the surge on today's shop`,
    keepSec: oneReplaySec + 4 * SHORTEST_ARM_SEC,
  })
  if (!today.valid) {
    events.say(`do not believe this measurement: ${today.invalidBecause}`)
    return
  }
  const cause = causeTeller(stage, events)
  if (!today.held) cause.afterSurge()
  else events.say(`the surge holds on today's shop: ${today.because}`)

  const replaySec = today.held ? 0 : replays * oneReplaySec
  const onStep = today.held ? undefined : cause.afterStep
  await measureToday(stage, events, { replaySec, arms: today.held ? 1 : 4, onStep })
  if (today.held) return
  cause.afterSearch()
  await tryFixes(stage, events, { replaySec, only: [] })

  for (const candidate of candidatesToReplay(measuredArms(conductor.data()).arms, traffic.peakPerSec)) {
    if (leftSec(stage) < surgeSec(traffic) + timing.endSec / 2) {
      conductor.event('note', `time budget used up before the surge was replayed on ${candidate.label}`)
      return
    }
    if (await holdsAgain(stage, events, candidate, replays)) return
  }
}

/** Replays the surge on a candidate until it breaks, or has held often enough. */
async function holdsAgain(
  stage: Stage,
  events: RehearsalEvents,
  { fixes, label }: Pick<ArmResult, 'fixes' | 'label'>,
  replays: number,
): Promise<boolean> {
  const { conductor, experiment, traffic } = stage
  for (let replay = 0; replay < replays; replay++) {
    if (replay > 0 && leftSec(stage) < replayTakesSec(traffic, experiment.timing)) {
      conductor.event('note', `time budget used up after ${replay} of ${replays} replays on ${label}`)
      break
    }
    const { held, because, valid, invalidBecause } = await believableSurge(stage, events, {
      fixes,
      crowd: replay,
      label: `the same surge on ${label}${replay > 0 ? `, other shoppers (${replay + 1} of ${replays})` : ''}`,
      keepSec: 0,
    })
    if (!valid) {
      events.say(`do not believe this replay: ${invalidBecause}`)
      return false
    }
    events.say(
      held ? `the same surge holds on ${label}` : `the same surge does not hold on ${label}: ${because}`,
    )
    if (!held) return false
  }
  return true
}

type Sharing = {
  /** Time to keep for the replay on the winner, seconds. */
  readonly replaySec: number
}

/** What is left for each of `arms` arms when the replay and the end have their time, in seconds. */
function sliceSec(stage: Stage, replaySec: number, arms: number): number {
  return Math.max(0, (leftSec(stage) - stage.experiment.timing.endSec - replaySec) / arms)
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
      const slice = sliceSec(stage, replaySec, Math.max(1, planned + Math.max(0, choices.length - 2) - index))
      if (slice < SHORTEST_ARM_SEC) {
        conductor.event('note', `time budget used up before ${choice.label} was tried`)
        return
      }
      await measureArm(stage, events, { fixes: choice.fixes, sliceSec: slice })
    }
  }
}

/** A surge on an arm with all that goes with it, seconds. */
export function replayTakesSec(traffic: Traffic, timing: StepTiming): number {
  return switchSec(timing) + surgeSec(traffic)
}

function leftSec({ budgetEndsUs, conductor }: Stage): number {
  return (budgetEndsUs - conductor.clock.nowUs()) / 1e6
}

type SurgeTask = {
  readonly fixes: readonly FixStep[]
  readonly crowd: number
  readonly label: string
  /** Time that must be left when the surge has been driven, seconds. */
  readonly keepSec: number
}

/** A surge on fresh data. One whose measurement is void is driven once more when time allows: one hiccup is no answer. */
export async function believableSurge(
  stage: Stage,
  events: RehearsalEvents,
  { fixes, crowd, label, keepSec }: SurgeTask,
): Promise<SurgeResult> {
  const { conductor, scenario, experiment, traffic } = stage
  const needsSec = replayTakesSec(traffic, experiment.timing)
  for (let again = false; ; again = true) {
    events.phase('warming up', switchSec(experiment.timing))
    events.expect(leftSec(stage))
    await switchArm(experiment, fixes)
    events.phase(`${label}${again ? ', once more' : ''}`, surgeSec(traffic))
    const result = await driveSurge(stage, crowd)
    await conductor.checkInvariants(scenario.invariants)
    if (result.valid || again || endedByCeiling(conductor.data(), result.segment)) return result
    if (leftSec(stage) < needsSec + keepSec + experiment.timing.endSec) return result
    conductor.event('segment-voided', `segment ${result.segment}: ${result.invalidBecause}`)
    events.say(`this surge was not measured soundly, and is repeated: ${result.invalidBecause}`)
  }
}

/** The same surge would reach the ceiling again. */
function endedByCeiling({ segments }: RunData, id: number): boolean {
  return segments.some(({ line, end }) => line.segment === id && end?.abortedBy === 'ceiling')
}

/** Seeds of other crowds are numbered far from those of segments. */
const OTHER_CROWDS = 2_000_000

/** One surge as a segment, boiled down. Crowd 0 is the scenario's own; any other is as many shoppers, but not the same. */
async function driveSurge(stage: Stage, crowd: number): Promise<SurgeResult> {
  const { conductor, scenario, experiment, traffic } = stage
  const seed = crowd === 0 ? scenario.seed : segmentSeed(scenario.seed, OTHER_CROWDS + crowd)
  const segment: SegmentData = await conductor.drive(surgePlan(scenario, experiment.file, traffic, seed))
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
