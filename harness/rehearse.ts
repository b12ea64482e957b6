import { armCapacity } from './core/assemble/arm-capacity.ts'
import { armsState, measuredArms, predictedPerSec } from './core/assemble/measured-arms.ts'
import { sheds, shedsShoppers } from './core/assemble/shed-load.ts'
import { mayFollowChoices, nextChoices } from './core/choose-levers.ts'
import { segmentSeed, surgePlan } from './core/compile-plan.ts'
import { demandsStay } from './core/demands-stay.ts'
import { applyFixes, armLabel, type FixStep } from './core/fixes/index.ts'
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
/** Steps that an arm gets once it is stood up, if the run's time allows: one that passes and one that fails. */
const FEWEST_STEPS = 2
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
  await measureToday(stage, events, { replaySec, arms: 1 + (today.held ? 0 : armsToCome(stage)), onStep })
  if (today.held) return
  cause.afterSearch()
  await tryFixes(stage, events, { replaySec })

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
    const surge = await unlessArmFails(stage, events, label, () =>
      believableSurge(stage, events, {
        fixes,
        crowd: replay,
        label: `the same surge on ${label}${replay > 0 ? `, other shoppers (${replay + 1} of ${replays})` : ''}`,
        keepSec: 0,
      }),
    )
    if (!surge) return false
    const { held, because, valid, invalidBecause } = surge
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

/** What an act on an arm with fixes comes to; `null` when the system of that arm did not come up, or stay up. */
async function unlessArmFails<Value>(
  { conductor }: Stage,
  events: RehearsalEvents,
  label: string,
  act: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await act()
  } catch (error) {
    const because = conductor.failedArm(error)
    if (because === null) throw error
    events.say(`${label} is out: ${because.split('\n', 1)[0]}`)
    return null
  }
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

/** How many arms fixes will take, as far as is known now. */
export function armsToCome({ conductor, today }: Stage): number {
  // Before anything was driven the record does not know today's topology.
  const run = conductor.data()
  const state = { ...armsState(run), today }
  const levers = run.attached?.levers ?? null
  const choices = nextChoices(state, levers).filter(({ notRun }) => notRun === null)
  return choices.length + mayFollowChoices(state, levers)
}

/**
 * Each fix alone, the most promising first, then both of the reference case together when nothing holds alone. When time
 * is short for all of them, the last are left out: less than `SHORTEST_ARM_SEC` each would tell of none.
 */
export async function tryFixes(stage: Stage, events: RehearsalEvents, { replaySec }: Sharing): Promise<void> {
  const { conductor } = stage
  const tried = new Set<string>()
  for (;;) {
    const run = conductor.data()
    const levers = run.attached?.levers ?? null
    const state = armsState(run)
    // An arm that ended before its first step was done would be offered for ever.
    const choices = nextChoices(state, levers).filter(
      ({ notRun, fixes }) => notRun === null && !shedsShoppers(fixes) && !tried.has(JSON.stringify(fixes)),
    )
    const [choice] = choices
    if (!choice) return
    const affordable = Math.floor(sliceSec(stage, replaySec, 1) / SHORTEST_ARM_SEC)
    if (affordable < 1) {
      const left = choices.map(({ label }) => label).join(', ')
      conductor.event(
        'note',
        `time budget used up before ${left} ${choices.length > 1 ? 'were' : 'was'} tried`,
      )
      return
    }
    tried.add(JSON.stringify(choice.fixes))
    const arms = Math.min(affordable, choices.length + mayFollowChoices(state, levers))
    await measureArm(stage, events, {
      fixes: choice.fixes,
      sliceSec: sliceSec(stage, replaySec, arms),
      mostSec: sliceSec(stage, replaySec, 1),
    })
  }
}

/**
 * The surge on today's topology and, when it breaks there, with each fix that turns shoppers away: beyond capacity alone
 * shows what such a fix is for.
 */
export async function surgeWhereShed(stage: Stage, events: RehearsalEvents): Promise<void> {
  const { conductor, traffic } = stage
  const { baseline } = measuredArms(conductor.data())
  if (shedding(conductor.data()).length === 0) return
  if (!baseline.capacity || baseline.capacity.low >= traffic.peakPerSec) return
  const today = await surgeInTime(stage, events, { fixes: [], label: "today's shop" })
  if (!today?.valid || today.held) return
  // What a waiting room lets in goes by today's capacity, of which this surge has told more.
  for (const arm of shedding(conductor.data())) await surgeInTime(stage, events, arm)
}

type Labelled = Pick<ArmResult, 'fixes' | 'label'>

/** Arms that turn requests away, once tried, and shoppers. */
function shedding(run: RunData): readonly Labelled[] {
  const tried = measuredArms(run).arms.filter(({ fixes, arm }) => arm >= 0 && sheds(fixes))
  const untried = nextChoices(armsState(run), run.attached?.levers ?? null).filter(
    ({ notRun, fixes }) => notRun === null && shedsShoppers(fixes),
  )
  return [...tried, ...untried]
}

/** `null`: the time budget was used up, or the arm failed. */
async function surgeInTime(
  stage: Stage,
  events: RehearsalEvents,
  { fixes, label }: Labelled,
): Promise<SurgeResult | null> {
  if (leftSec(stage) < surgeSec(stage.traffic) + stage.experiment.timing.endSec / 2) {
    stage.conductor.event('note', `time budget used up before the surge was driven on ${label}`)
    return null
  }
  return unlessArmFails(stage, events, label, () =>
    believableSurge(stage, events, { fixes, crowd: 0, label: `the surge on ${label}`, keepSec: 0 }),
  )
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
  /** What it may take so that it is not stood up for nothing. */
  readonly mostSec?: number
  readonly onStep?: OnStep | undefined
}

/** Moves to an arm and searches its capacity within its slice of the time. */
export async function measureArm(
  stage: Stage,
  events: RehearsalEvents,
  { fixes, sliceSec, mostSec = sliceSec, onStep }: ArmTask,
): Promise<void> {
  const { conductor, experiment, scenario } = stage
  const label = fixes.length === 0 ? "today's capacity" : armLabel(fixes, stage.today)
  const begunUs = conductor.clock.nowUs()
  events.phase(`measuring ${label}`, sliceSec)
  events.expect((stage.budgetEndsUs - conductor.clock.nowUs()) / 1e6)
  const startPerSec = expectedCapacity(stage, fixes)
  const noted: SearchProgress = (step) => {
    if (!step) return
    const p95 = step.p95Ms === null ? 'beyond any bound' : `${Math.round(step.p95Ms)} ms`
    conductor.event('note', `step at ${step.offeredPerSec.toPrecision(3)}/s: ${step.verdict}, p95 ${p95}`)
    onStep?.(step)
  }
  const arm = await unlessArmFails(stage, events, label, async () => {
    const switched = await switchArm(
      experiment,
      fixes,
      fixes.length === 0 ? undefined : readyWithinMs(sliceSec),
    )
    // Seeding, starting and warming up may take as long as the slice: later arms then get less.
    const fewStepsUs = conductor.clock.nowUs() + FEWEST_STEPS * (experiment.timing.stepSec + 1) * 1e6
    const untilUs = Math.min(begunUs + mostSec * 1e6, Math.max(begunUs + sliceSec * 1e6, fewStepsUs))
    await searchCapacity(experiment, { startPerSec, untilUs, onStep: noted })
    await conductor.checkInvariants(scenario.invariants)
    return switched
  })
  if (arm === null) return
  const { capacity } = armCapacity(conductor.data(), arm)
  events.say(
    capacity
      ? `${label}: ${round(capacity.perSec)} shoppers/s (${round(capacity.low)}–${round(capacity.high)})`
      : `${label}: no capacity could be measured`,
  )
}

/** A server of today's starts within this time on a slow machine, ms. */
const SURELY_READY_MS = 5000

/** How long a component of an arm is waited for: the other half of its time is what it takes to measure it. */
function readyWithinMs(sliceSec: number): number {
  return Math.max(SURELY_READY_MS, (sliceSec / 2) * 1000)
}

/**
 * Where a search begins, relative to the capacity its service demands predict: a surge hides part of what a shopper costs,
 * and steps at low load overstate it (idle wake-ups). It decides how soon the limit is seen, never where it lies.
 */
const START = { today: 0.8, fixed: 0.95 } as const

function expectedCapacity({ conductor, traffic, today }: Stage, fixes: readonly FixStep[]): number {
  // What a change of the work itself comes to nobody knows: the first step asks what is to be known, the peak.
  if (!demandsStay(today, applyFixes(today, fixes))) return traffic.peakPerSec
  const expected = predictedPerSec(conductor.data(), fixes) ?? traffic.peakPerSec / 3
  return expected * (fixes.length === 0 ? START.today : START.fixed)
}

function round(perSec: number): string {
  return perSec < 10 ? perSec.toFixed(1) : String(Math.round(perSec))
}
