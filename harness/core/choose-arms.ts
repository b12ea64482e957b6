import type { BottleneckClass } from './bottleneck.ts'
import { withheldFix } from './cpu-isolation.ts'
import { demandsStay } from './demands-stay.ts'
import { applyFixes, armLabel, FIX_IDS, FIXES, type FixId, type FixStep } from './fixes/index.ts'
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
  /** What bounds today's topology; `null` or `none`: not known. */
  readonly diagnosed: BottleneckClass | null
  /** Fixes asked for by their ids: these are tried and no others. Empty: those that are offered. */
  readonly asked: readonly FixId[]
  /** Measured capacity of today's topology, shoppers/s; `null`: not measured. */
  readonly capacityPerSec: number | null
  /** The lower end of its interval; absent: the capacity itself. */
  readonly surelyPerSec?: number | null
  /** `null`: nothing could be fitted; the middle steps are tried then. */
  readonly demands: ServiceDemands | null
  /** Share of the busiest budget in use at today's capacity (`utilisationAtCapacity`). */
  readonly utilisation: number
  readonly peakPerSec: number
  readonly keepHeadroom: number
  readonly hostCores: number
  /** `false`: nothing holds components to their CPU budgets; absent: something does. */
  readonly cpuIsolated?: boolean
  /** What was tried; `not-run`: it did not come up. */
  readonly measured: readonly { readonly fixes: readonly FixStep[]; readonly verdict: FixVerdict }[]
}

export type ArmChoice = {
  readonly fixes: readonly FixStep[]
  readonly label: string
  /** `null`: nothing is known of the demands, or the fix changes them. */
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

/** The two of the reference case: alone, and together when nothing holds alone. */
const PAIR: readonly FixId[] = ['database.scale-up', 'app.scale-out']

/**
 * The arms still to try, the most promising first: every fix that is offered (or was asked for), alone, and when
 * `database.scale-up` and `app.scale-out` were both tried and nothing holds, those two together. A fix whose resource has a
 * measured demand takes the smallest step at which that resource carries the peak with the headroom asked for
 * (whether the other resource binds is what the measurement shows), shrunk to what fits the host. A fix that is not
 * expected to hold alone is tried at the step that both together can have: only then does the pair show what each adds.
 */
export function nextArms(state: ArmsState): ArmChoice[] {
  const alone = loneFixes(state)
  const first = alone.filter(({ notRun }) => notRun === null)
  const pairOpen = PAIR.every((id) => isAsked(state, id)) && !triedOf(state, PAIR)
  const eachTried = PAIR.every((id) => triedOf(state, [id]))
  if (first.length > 0 || !pairOpen || !eachTried || isHeld(state)) return alone
  return [...alone, pairChoice(state)]
}

/** How many arms may still follow when those of `nextArms` were tried: the pair, if nothing holds alone. */
export function mayFollow(state: ArmsState): number {
  const tried = PAIR.filter((id) => triedOf(state, [id]))
  if (isHeld(state) || tried.length === PAIR.length || !PAIR.every((id) => isAsked(state, id))) return 0
  return notRun(state, bestPair(state, databaseStep(state), appStep(state))) === null ? 1 : 0
}

function isHeld({ measured }: ArmsState): boolean {
  return measured.some(({ verdict }) => verdict === 'fixes')
}

function isAsked({ asked }: ArmsState, id: FixId): boolean {
  return asked.length === 0 || asked.includes(id)
}

function triedOf({ measured }: ArmsState, ids: readonly FixId[]) {
  return measured.find(
    ({ fixes }) => fixes.length === ids.length && fixes.every(({ id }) => ids.includes(id)),
  )
}

/** Each fix by itself that is to be tried and was not. */
function loneFixes(state: ArmsState): ArmChoice[] {
  const up = databaseStep(state)
  const out = appStep(state)
  const pair = bestPair(state, up, out)
  const [paired, beside] = notRun(state, pair) === null ? pair : []
  const single = (own: FixStep, inPair: FixStep | undefined) =>
    choice(state, [inPair === undefined || carries(state, [own]) ? own : inPair])
  const ids = FIX_IDS.filter((id) =>
    state.asked.length > 0 ? state.asked.includes(id) : isOffered(state, id),
  )
  const choices = ids
    .filter((id) => !triedOf(state, [id]))
    .map((id): ArmChoice => {
      if (id === 'database.scale-up') return single(shrunkScaleUp(state, up), paired)
      if (id === 'app.scale-out') return single(shrunkScaleOut(state, out), beside)
      return choice(state, [{ id, step: firstStep(state, id) }])
    })
  return byPromise(state, withoutTwins(state, choices))
}

/** Whether a fix is tried without having been asked for. */
function isOffered({ today, diagnosed }: ArmsState, id: FixId): boolean {
  const { offered, helps, appliesTo, offeredWhere } = FIXES[id]
  if (appliesTo(today) !== true || offeredWhere?.(today) === false) return false
  switch (offered) {
    case 'always':
      return true
    case 'when-diagnosed':
      return diagnosed !== null && helps.includes(diagnosed)
    case 'when-asked':
      return false
  }
}

/** Two fixes may come to the same topology: the one that was tried, or says more precisely what it changes, is enough. */
function withoutTwins(state: ArmsState, choices: readonly ArmChoice[]): ArmChoice[] {
  if (state.asked.length > 0) return [...choices]
  const topologyOf = (fixes: readonly FixStep[]) => JSON.stringify(applyFixes(state.today, fixes))
  const seen = new Set(state.measured.map(({ fixes }) => topologyOf(fixes)))
  return choices.filter(({ fixes, notRun }) => {
    const topology = topologyOf(fixes)
    if (notRun === null && seen.has(topology)) return false
    seen.add(topology)
    return true
  })
}

/**
 * Those that help against what was diagnosed come first, of these the ones that cost nothing: when time runs out, the one
 * least expected to help is left out.
 */
function byPromise({ diagnosed }: ArmsState, choices: readonly ArmChoice[]): ArmChoice[] {
  const promise = ({ fixes, cost }: ArmChoice) => {
    const helps = diagnosed !== null && fixes.some(({ id }) => FIXES[id].helps.includes(diagnosed))
    return (helps ? 0 : 2) + (cost > 0 ? 1 : 0)
  }
  return [...choices].sort((a, b) => promise(a) - promise(b))
}

function firstStep(state: ArmsState, id: FixId): number {
  return FIXES[id].steps(state.today, askedOf(state))[0] ?? NO_STEP
}

/** Of a fix whose step follows from something that was not measured. */
const NO_STEP = 0

function askedOf(state: ArmsState) {
  const { capacityPerSec, surelyPerSec = capacityPerSec } = state
  return { neededPerSec: neededPerSec(state), capacityPerSec, surelyPerSec }
}

function pairChoice(state: ArmsState): ArmChoice {
  const both = choice(state, bestPair(state, databaseStep(state), appStep(state)))
  const failed = PAIR.map((id) => triedOf(state, [id])).find((arm) => arm?.verdict === 'not-run')
  return failed ? { ...both, notRun: `${armLabel(failed.fixes, state.today)} alone did not come up` } : both
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
  return smallestStep(
    state,
    'database',
    FIXES['database.scale-up'].steps(state.today, askedOf(state)),
    (step) => [{ id: 'database.scale-up', step }],
  )
}

function appStep(state: ArmsState): number {
  const { instances } = state.today.app
  // A step counts servers, so on a shop that already has two the smallest is three.
  const steps = FIXES['app.scale-out']
    .steps(state.today, askedOf(state))
    .filter((step) => step >= instances * SMALLEST_STEP)
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
  const most = mostScaleUp(state)
  // Where nothing worth trying fits, the step that would have been tried is what was not.
  const fits = most >= SMALLEST_STEP ? Math.min(step, most) : step
  return { id: 'database.scale-up', step: Number(fits.toFixed(2)) }
}

function mostScaleUp(state: ArmsState): number {
  return Math.floor((1 + spareCores(state) / state.today.database.cpu) / STEP_GRAIN + 1e-9) * STEP_GRAIN
}

/** A scale-out shrunk to the servers that fit the host; where not one more fits, it stays what it was. */
function shrunkScaleOut(state: ArmsState, step: number): FixStep {
  const most = mostServers(state)
  const fits = most >= leastServers(state) ? Math.min(step, most) : step
  return { id: 'app.scale-out', step: fits }
}

function mostServers(state: ArmsState): number {
  const { instances, cpu } = state.today.app
  return instances + Math.max(0, Math.floor(spareCores(state) / cpu + 1e-9))
}

/** The smallest scale-out worth its time. */
function leastServers({ today }: ArmsState): number {
  return Math.ceil(today.app.instances * SMALLEST_STEP)
}

/**
 * Both fixes: of all splits of the host's spare CPU, the one with the fewest servers that no other beats clearly. (What
 * another split promises beyond that lies within the error of the demands, and would change from run to run.)
 */
function bestPair(state: ArmsState, up: number, out: number): FixStep[] {
  const { today, demands, utilisation } = state
  let best: { fixes: FixStep[]; perSec: number } | null = null
  const least = leastServers(state)
  for (let servers = least; servers <= Math.max(out, least); servers++) {
    const scaledOut: FixStep = { id: 'app.scale-out', step: servers }
    const beside: ArmsState = { ...state, today: applyFixes(today, [scaledOut]) }
    if (spareCores(beside) < 0 || mostScaleUp(beside) < SMALLEST_STEP) continue
    const scaledUp = shrunkScaleUp(beside, up)
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
  const known = demands !== null && demandsStay(today, topology)
  return {
    fixes,
    label: armLabel(fixes, today),
    predicted: known ? predictCapacity(demands, topology, utilisation) : null,
    cost: fixes.reduce((sum, { id, step }) => sum + FIXES[id].cost(step), 0),
    notRun: notRun(state, fixes),
  }
}

function notRun(state: ArmsState, fixes: readonly FixStep[]): string | null {
  const { today, hostCores } = state
  for (const { id, step } of fixes) {
    const applies = FIXES[id].appliesTo(today)
    if (applies !== true) return applies
    if (step === NO_STEP) return "how far to take it follows from today's capacity, which was not measured"
  }
  const withheld = state.cpuIsolated === false ? withheldFix(today, fixes) : null
  if (withheld !== null) return withheld
  const room = noRoom(state, fixes)
  if (room !== null) return room
  const needed = topologyCpu(applyFixes(today, fixes)) + HARNESS_CPU.generator + HARNESS_CPU.supervisor
  const usable = usableCores(state)
  if (needed > usable + 1e-9)
    return `needs ${needed.toFixed(2)} cores of budgets, this machine with ${hostCores} cores can give ${usable.toFixed(2)}`
  return null
}

/** Why not even the smallest step of these that is worth its time fits the host beside today's topology. */
function noRoom(state: ArmsState, fixes: readonly FixStep[]): string | null {
  const { today, hostCores } = state
  const machine = `this machine has ${hostCores} cores`
  const has = (id: FixId) => fixes.some((fix) => fix.id === id)
  if (has('database.scale-up') && mostScaleUp(state) < SMALLEST_STEP)
    return `${machine}: only ×${Math.max(0, mostScaleUp(state)).toFixed(2)} of today's would fit, which shows nothing`
  if (has('app.scale-out') && mostServers(state) < leastServers(state)) {
    const more = leastServers(state) - today.app.instances
    const servers = more === 1 ? 'one more server of' : `${more} more servers of`
    return `${machine}: ${servers} ${today.app.cpu.toFixed(2)} cores would not fit beside today's budgets (${Math.max(0, spareCores(state)).toFixed(2)} are free)`
  }
  return null
}
