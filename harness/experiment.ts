import type { Conductor } from './conduct.ts'
import { searchBounds, surgeEvidence } from './core/assemble/arm-capacity.ts'
import { type ScenarioFile, segmentSeed, stepPlan, warmUpPlan } from './core/compile-plan.ts'
import { HarnessError } from './core/errors.ts'
import { applyFixes, type FixStep } from './core/fixes/index.ts'
import { admittedPerSec } from './core/fixes/shop-waiting-room.ts'
import { brokenAtRest, brokennessWords } from './core/measure/broken-at-rest.ts'
import { segmentFacts } from './core/measure/check.ts'
import { stepResult } from './core/measure/step.ts'
import type { LoadPlan } from './core/plan.ts'
import type { StepResult } from './core/result.ts'
import { clicksToJudge } from './core/samples-needed.ts'
import type { Scenario, Traffic } from './core/scenario.ts'
import { next, observe, start } from './core/search.ts'
import { stepLengthSec } from './core/step-length.ts'
import type { AppTopology, Topology } from './core/topology.ts'

/** What an experiment measures: one scenario's load on one running system. */
export type Experiment = {
  readonly conductor: Conductor
  /** What fixes are applied to. */
  readonly today: Topology
  readonly scenario: Scenario
  readonly file: ScenarioFile
  readonly traffic: Traffic
  readonly timing: StepTiming
}

export type StepTiming = {
  readonly stepSec: number
  /** How long the load of a step counts as having been running when it begins. */
  readonly fillSec: number
  /** Half-width of the capacity interval, relative, at which a search stops early. */
  readonly targetHalfWidth: number
  /** Warm-up without budgets: of new servers, and of those that ran before. */
  readonly warmUpSec: { readonly fresh: number; readonly warm: number }
  /** At base load with budgets on, before anything is measured. */
  readonly settleSec: number
  /** Deriving, rendering and taking everything down, with some reserve: people wait for the whole of it. */
  readonly endSec: number
}

/** A quick run trades width for time. */
export const TIMING: Readonly<Record<'full' | 'quick', StepTiming>> = {
  full: {
    stepSec: 4,
    fillSec: 30,
    targetHalfWidth: 0.08,
    warmUpSec: { fresh: 3.5, warm: 1.5 },
    settleSec: 1.5,
    endSec: 8,
  },
  quick: {
    stepSec: 2,
    fillSec: 30,
    targetHalfWidth: 0.2,
    warmUpSec: { fresh: 2, warm: 1 },
    settleSec: 1,
    endSec: 3.5,
  },
}

/**
 * Warm-up decides: a server's first thousands of requests cost up to twice the CPU, while its code is compiled. So it is
 * done without budgets, at this many times the peak, and longer where an arm starts new servers.
 */
const WARM_UP_PEAKS = 2

/** Searches begin where service demands predict capacity: doubling from there would only waste steps on collapse. */
const GROWTH_FROM_PREDICTION = 1.4

/** Preparing a step (filling it), letting the last click end and the queues drain, until it has been measured. */
const FIRST_OVERHEAD_SEC = 0.8
/** What moving to another arm takes beside its load: fixes applied, data restored, budgets on, queues drained. */
const SWITCH_OVERHEAD_SEC = 1.5

/** Moving to an arm that starts no new server, seconds. */
export function switchSec({ warmUpSec, settleSec }: StepTiming): number {
  return warmUpSec.warm + settleSec + SWITCH_OVERHEAD_SEC
}

/**
 * Moves to an arm: fresh data, warm, budgets on, settled at base load. Returns the arm's number. A component that is not
 * ready within `readyWithinMs` ends the arm (`Conductor.failedArm`).
 */
export async function switchArm(
  experiment: Experiment,
  fixes: readonly FixStep[],
  readyWithinMs?: number,
): Promise<number> {
  const { conductor, scenario, file, traffic, timing } = experiment
  const plan = (perSec: number, durationSec: number): LoadPlan =>
    warmUpPlan(scenario, file, {
      perSec,
      durationSec,
      fillSec: 0,
      seed: segmentSeed(scenario.seed, 1_000_000 + conductor.data().segments.length),
    })
  const { maxPerSec, maxDurationSec } = scenario.limits
  const { fresh, warm } = timing.warmUpSec
  const { topology } = conductor.running
  const newServers =
    conductor.arm() < 0 || topology === null
      ? 1
      : startedServers(topology, applyFixes(experiment.today, fixes))
  const warmUpSec = newServers === 0 ? warm : fresh * (1 + (newServers - 1) / 2)
  // A system that is not ours has no budgets to lift: what it can carry is to be found out, not assumed.
  // Nor is more sent than a waiting room lets in: who is left in line would be the first of the surge.
  const admitted = topology === null ? null : admittedPerSec(applyFixes(experiment.today, fixes))
  const warmUpPerSec =
    topology === null
      ? traffic.normalPerSec
      : Math.min(traffic.peakPerSec * WARM_UP_PEAKS, admitted ?? Number.POSITIVE_INFINITY)
  const isFirst = conductor.arm() < 0
  const arm = await conductor.switchTo(
    fixes,
    [plan(Math.min(maxPerSec, warmUpPerSec), Math.min(maxDurationSec, warmUpSec))],
    plan(traffic.normalPerSec, timing.settleSec),
    readyWithinMs,
  )
  if (isFirst) await refuseBroken(experiment, plan(Math.min(traffic.normalPerSec, FEW_PER_SEC), FEW_SEC))
  return arm
}

/** So few shoppers are no load: whatever fails for them fails by itself. */
const FEW_PER_SEC = 2
const FEW_SEC = 3

/**
 * When hardly anybody was answered right at normal load, a few shoppers are sent by themselves, with all their patience.
 * Rejects when they fare no better: a surge cannot break what is broken, and must not be blamed for it.
 */
async function refuseBroken({ conductor }: Experiment, few: LoadPlan): Promise<void> {
  const settled = conductor.data().segments.at(-1)
  if (!settled || !brokenAtRest(settled)) return
  await conductor.quieten()
  const alone = await conductor.drive({ ...few, ending: 'finish' })
  const broken = brokenAtRest(alone)
  if (!broken) return
  throw new HarnessError({
    code: 'environment',
    message: `${brokennessWords(broken)} without any load: ${Math.round(broken.errorRatio * 100)} % of ${broken.clicks} clicks failed before there was a surge`,
    where: broken.route,
    hint: 'Mend the app, or the journeys of the scenario: ask for this page by hand, or look into the log of the app.',
  })
}

/**
 * Servers that are started to get from one topology to the other: those that are added, or all of them when they are
 * started otherwise than before. They share the warm-up, so each makes it longer.
 */
function startedServers({ app: running }: Topology, { app: wanted }: Topology): number {
  const how = ({ poolSize, settings, flaws }: AppTopology) => JSON.stringify([poolSize, settings, flaws])
  return how(running) === how(wanted) ? Math.max(0, wanted.instances - running.instances) : wanted.instances
}

export type SearchProgress = (step: StepResult | null, nextPerSec: number | null) => void

/**
 * Searches the capacity of the arm that runs now, until the interval is narrow enough or `untilUs` is reached.
 * Steps go to the record; capacity is derived from it.
 */
export async function searchCapacity(
  experiment: Experiment,
  options: { readonly startPerSec: number; readonly untilUs: number; readonly onStep: SearchProgress },
): Promise<{ readonly because: string; readonly reason: string }> {
  const { conductor, scenario, file, timing } = experiment
  const { normalPerSec, peakPerSec } = experiment.traffic
  const bounds = searchBounds({ normalPerSec, peakPerSec, maxPerSec: scenario.limits.maxPerSec })
  const searchOptions = {
    ...bounds,
    startPerSec: Math.min(bounds.ceilingPerSec, Math.max(bounds.floorPerSec, options.startPerSec)),
    targetHalfWidth: timing.targetHalfWidth,
    growth: GROWTH_FROM_PREDICTION,
  }
  let search = start(searchOptions, surgeEvidence(conductor.data(), conductor.arm()))
  let overheadSec = FIRST_OVERHEAD_SEC
  let durationSec = timing.stepSec
  let clicksEach: number | null = null
  for (;;) {
    const leftSec = (options.untilUs - conductor.clock.nowUs()) / 1e6
    const move = next(search, { stepsLeft: Math.floor(leftSec / (durationSec + overheadSec)) })
    if (move.kind === 'done') return { because: move.because, reason: move.reason }
    options.onStep(null, move.perSec)
    durationSec = stepLengthSec({
      usualSec: timing.stepSec,
      perSec: move.perSec,
      clicksEach,
      clicksNeeded: clicksToJudge(scenario.slo),
    })
    const begunUs = conductor.clock.nowUs()
    const segment = await conductor.drive(
      stepPlan(scenario, file, {
        perSec: move.perSec,
        durationSec,
        fillSec: timing.fillSec,
        seed: segmentSeed(scenario.seed, conductor.data().segments.length),
      }),
    )
    await conductor.quieten()
    overheadSec = (conductor.clock.nowUs() - begunUs) / 1e6 - durationSec
    const result = stepResult(segment, segmentFacts(conductor.data(), segment))
    if (result.clicks > 0) clicksEach = result.clicks / (move.perSec * durationSec)
    if (result.verdict === 'invalid')
      conductor.event('segment-voided', `segment ${result.segment}: ${result.because}`)
    options.onStep(result, null)
    search = observe(search, { perSec: move.perSec, verdict: result.verdict, confirm: move.confirm })
  }
}
