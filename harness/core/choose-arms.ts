import { applyFixes, armLabel, FIXES, type FixStep } from './fixes.ts'
import {
  type PredictedCapacity,
  predictCapacity,
  resourceBounds,
  type ServiceDemands,
} from './model/operational-laws.ts'
import type { FixVerdict } from './result.ts'
import { HARNESS_CPU, type Topology, topologyCpu } from './topology.ts'

/** What to try next, given what was measured so far. */
export type ArmsState = {
  readonly today: Topology
  /** `null`: nothing could be fitted; the middle steps are tried then. */
  readonly demands: ServiceDemands | null
  /** Share of the busiest budget in use at today's capacity (`utilisationAtCapacity`). */
  readonly utilisation: number
  readonly peakPerSec: number
  readonly keepHeadroom: number
  readonly hostCores: number
  readonly measured: readonly { readonly fixes: readonly FixStep[]; readonly verdict: FixVerdict }[]
}

export type ArmChoice = {
  readonly fixes: readonly FixStep[]
  readonly label: string
  readonly predicted: PredictedCapacity | null
  /** In the units of `Fix.cost`. */
  readonly cost: number
  /** Why it cannot be run here; `null`: run it. */
  readonly notRun: string | null
}

/** An arm that adds less than this to what it changes is not worth its time. */
const SMALLEST_STEP = 1.25
/** Steps tried when no demand is known. */
const UNKNOWN_STEP = 2
/** One split of the host beats another only by this factor: demands fitted on a few steps are not better than that. */
const CLEARLY = 1.3
/**
 * Share of the host that no arm may budget: with every core given away, the machine's own work comes out of the
 * generator's share, and sends go out late (seen at 2.0 of 2 cores: three steps void in a row).
 */
const LEFT_FREE = 0.05
/** What a shrunk scale-up is rounded down to. */
const STEP_GRAIN = 0.05

/**
 * The arms still to try: `cache.single-flight` where it applies, `database.scale-up` and `app.scale-out` alone, and when both were tried and neither holds,
 * both together. Each takes the smallest step at which its own resource carries the peak with the headroom asked for
 * (whether the other resource binds is what the measurement shows), shrunk to what fits the host. A fix that is not
 * expected to hold alone is tried at the step that both together can have: only then does the pair show what each adds.
 */
export function nextArms(state: ArmsState): ArmChoice[] {
  const tried = (ids: readonly string[]) =>
    state.measured.find(
      ({ fixes }) => fixes.length === ids.length && fixes.every(({ id }) => ids.includes(id)),
    )
  const up = databaseStep(state)
  const out = appStep(state)
  const pair = bestPair(state, up, out)
  const [paired, beside] = notRun(state, pair, applyFixes(state.today, pair)) === null ? pair : []
  const single = (own: FixStep, inPair: FixStep | undefined) =>
    choice(state, [inPair === undefined || carries(state, [own]) ? own : inPair])
  const lone: FixStep = { id: 'cache.single-flight', step: 1 }
  const alone = [
    ...(tried([lone.id]) || FIXES[lone.id].appliesTo(state.today) !== true ? [] : [choice(state, [lone])]),
    ...(tried(['database.scale-up']) ? [] : [single(shrunkScaleUp(state, up), paired)]),
    ...(tried(['app.scale-out']) ? [] : [single(shrunkScaleOut(state, out), beside)]),
  ]
  if (alone.length > 0) return alone
  const holds = state.measured.some(({ verdict }) => verdict === 'fixes')
  if (holds || tried(['database.scale-up', 'app.scale-out'])) return []
  return [choice(state, pair)]
}

/** Whether these fixes are expected to carry the peak on their own. */
function carries(state: ArmsState, fixes: readonly FixStep[]): boolean {
  const { demands, today, utilisation } = state
  const predicted = demands ? predictCapacity(demands, applyFixes(today, fixes), utilisation) : null
  return predicted !== null && predicted.perSec >= neededPerSec(state)
}

/** Shoppers/s a prediction must reach; whether the fix really does is for its interval to say. */
function neededPerSec({ peakPerSec, keepHeadroom }: ArmsState): number {
  return peakPerSec * (1 + keepHeadroom)
}

function databaseStep(state: ArmsState): number {
  return smallestStep(state, 'database', FIXES['database.scale-up'].steps, (step) => [
    { id: 'database.scale-up', step },
  ])
}

function appStep(state: ArmsState): number {
  const { instances } = state.today.app
  // A step counts servers, so on a shop that already has two the smallest is three.
  const steps = FIXES['app.scale-out'].steps.filter((step) => step >= instances * SMALLEST_STEP)
  const fallback = Math.ceil(instances * SMALLEST_STEP)
  return smallestStep(state, 'app', steps.length > 0 ? steps : [fallback], (step) => [
    { id: 'app.scale-out', step },
  ])
}

function smallestStep(
  state: ArmsState,
  resource: 'database' | 'app',
  steps: readonly number[],
  fixes: (step: number) => readonly FixStep[],
): number {
  const { demands, today, utilisation } = state
  const holds = (step: number) =>
    demands !== null &&
    resourceBounds(demands, applyFixes(today, fixes(step)), utilisation)[resource] >= neededPerSec(state)
  if (!demands?.[resource]) return steps.find((step) => step >= UNKNOWN_STEP) ?? steps.at(-1)!
  return steps.find(holds) ?? steps.at(-1)!
}

/** A scale-up shrunk until it fits the host; it may end up too small to be worth running. */
function shrunkScaleUp(state: ArmsState, step: number): FixStep {
  const most = Math.floor((1 + spareCores(state) / state.today.database.cpu) / STEP_GRAIN + 1e-9) * STEP_GRAIN
  return { id: 'database.scale-up', step: Number(Math.min(step, most).toFixed(2)) }
}

/** A scale-out shrunk to the servers that fit the host, today's number at least. */
function shrunkScaleOut(state: ArmsState, step: number): FixStep {
  const { instances, cpu } = state.today.app
  const most = instances + Math.max(0, Math.floor(spareCores(state) / cpu + 1e-9))
  return { id: 'app.scale-out', step: Math.min(step, most) }
}

/**
 * Both fixes: of all splits of the host's spare CPU, the one with the fewest servers that no other beats clearly. (What
 * another split promises beyond that lies within the error of the demands, and would change from run to run.)
 */
function bestPair(state: ArmsState, up: number, out: number): FixStep[] {
  const { today, demands, utilisation } = state
  let best: { fixes: FixStep[]; perSec: number } | null = null
  const least = Math.ceil(today.app.instances * SMALLEST_STEP)
  for (let servers = least; servers <= Math.max(out, least); servers++) {
    const scaledOut: FixStep = { id: 'app.scale-out', step: servers }
    const beside: ArmsState = { ...state, today: applyFixes(today, [scaledOut]) }
    const scaledUp = shrunkScaleUp(beside, up)
    if (spareCores(beside) < 0 || scaledUp.step < SMALLEST_STEP) continue
    const fixes = [scaledUp, scaledOut]
    const perSec = demands
      ? (predictCapacity(demands, applyFixes(today, fixes), utilisation)?.perSec ?? 0)
      : scaledUp.step
    if (!best || perSec > best.perSec * CLEARLY) best = { fixes, perSec }
  }
  return (
    best?.fixes ?? [
      { id: 'database.scale-up', step: up },
      { id: 'app.scale-out', step: out },
    ]
  )
}

function usableCores({ hostCores }: ArmsState): number {
  return hostCores * (1 - LEFT_FREE)
}

function spareCores(state: ArmsState): number {
  return usableCores(state) - HARNESS_CPU.generator - HARNESS_CPU.supervisor - topologyCpu(state.today)
}

function choice(state: ArmsState, fixes: readonly FixStep[]): ArmChoice {
  const { today, demands, utilisation } = state
  const topology = applyFixes(today, fixes)
  return {
    fixes,
    label: armLabel(fixes),
    predicted: demands ? predictCapacity(demands, topology, utilisation) : null,
    cost: fixes.reduce((sum, { id, step }) => sum + FIXES[id].cost(step), 0),
    notRun: notRun(state, fixes, topology),
  }
}

function notRun(state: ArmsState, fixes: readonly FixStep[], topology: Topology): string | null {
  const { today, hostCores } = state
  const harness = HARNESS_CPU.generator + HARNESS_CPU.supervisor
  for (const { id, step } of fixes) {
    const applies = FIXES[id].appliesTo(today)
    if (applies !== true) return applies
    // It is there or it is not.
    if (id === 'cache.single-flight') continue
    const factor = id === 'app.scale-out' ? step / today.app.instances : step
    if (factor < SMALLEST_STEP)
      return `this machine has ${hostCores} cores: only ×${Math.max(0, factor).toFixed(2)} of it would fit, which shows nothing`
  }
  const needed = topologyCpu(topology) + harness
  const usable = usableCores(state)
  if (needed > usable + 1e-9)
    return `needs ${needed.toFixed(2)} cores of budgets, this machine with ${hostCores} cores can give ${usable.toFixed(2)}`
  return null
}
