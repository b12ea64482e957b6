import { describeValue } from './input/describe-value.ts'
import { faultsOf, faultTimeProblems } from './input/faults-input.ts'
import { feedersOf, type ReadDataFile } from './input/feeders-of.ts'
import { beyondLimits, DEFAULT_LIMITS } from './input/limits-input.ts'
import { plainCopy } from './input/plain-copy.ts'
import type { Problem } from './input/problem.ts'
import { problemsOf, unknownKey } from './input/problems-of.ts'
import { isReplay, type ReadTimes, readReplay } from './input/replay-input.ts'
import { SCENARIO_FIELDS } from './input/scenario-fields.ts'
import { changeShape, peakProblem, replayChangeProblems, type SurgeChange } from './input/traffic-input.ts'
import { samplesNeeded } from './samples-needed.ts'
import type { Journey, LoadLimits, Scenario, Slo, TrafficShape } from './scenario.ts'
import { expectedArrivals } from './traffic/curve.ts'
import { busiest } from './traffic/replay-window.ts'
import { drawTraffic } from './traffic/shapes.ts'

export type ScenarioReading =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads the files that a scenario names, relative to its module: replayed arrivals, and data that journeys draw from. */
export type ScenarioFiles = { readonly times: ReadTimes; readonly data: ReadDataFile }

/** Where no files can be read, none is there. */
const NO_FILES: ScenarioFiles = { times: noFiles, data: noFiles }

const QUICK_AT_LEAST_SEC = 20
const KEEP_HEADROOM = 0.3

/**
 * Reads what a scenario module exported: every text becomes a number with a unit, every default is filled in.
 * Reports all problems at once and never throws, whatever it is given. `files` reads the files it names.
 */
export function readScenario(input: unknown, files: ScenarioFiles = NO_FILES): ScenarioReading {
  const { copy, problems: unreadable } = plainCopy(input, isDataSource)
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    const expected = 'export default defineScenario({ … })'
    const notAnObject = { path: 'scenario', expected, got: describeValue(copy) }
    return { ok: false, problems: unreadable.length > 0 ? unreadable : [notAnObject] }
  }
  const given = copy as Readonly<Record<string, unknown>>
  const known = Object.keys(SCENARIO_FIELDS)
  const problems: Problem[] = Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey([key], key, known))

  // Field by field, so that what can only be seen across fields is checked whatever else is wrong.
  const read = <Value>(key: keyof typeof SCENARIO_FIELDS, schema: Schema<Value>): Value | null => {
    const reading = schema.safeParse(given[key])
    if (reading.success) return reading.data
    problems.push(...problemsOf(reading.error, given[key], [key]))
    return null
  }
  const fields = SCENARIO_FIELDS
  const name = read('name', fields.name)
  const question = read('question', fields.question)
  let shape: TrafficShape | null = null
  if (isReplay(given['traffic'])) {
    const replay = readReplay(given['traffic'], files.times)
    if (replay.ok) shape = replay.shape
    else problems.push(...replay.problems)
  } else shape = read('traffic', fields.traffic)
  const quick = read('quick', fields.quick)
  read('data', fields.data)
  const data = feedersOf(given['data'], files.data)
  problems.push(...data.problems)
  const shoppers = read('shoppers', fields.shoppers)
  const patience = read('patience', fields.patience)
  const http = read('http', fields.http)
  const slo = read('slo', fields.slo)
  const abortWhen = read('abortWhen', fields.abortWhen)
  const limits = read('limits', fields.limits)
  const sideEffectsStubbed = read('sideEffectsStubbed', fields.sideEffectsStubbed)
  const forecast = read('forecast', fields.forecast)
  const topology = read('topology', fields.topology)
  const invariants = read('invariants', fields.invariants)
  read('alerts', fields.alerts)
  read('faults', fields.faults)
  const { faults, problems: faultProblems } = faultsOf(given['faults'])
  problems.push(...faultProblems)
  const seed = read('seed', fields.seed)

  const quickShape = shape && quickened(shape, quick ?? {})
  const bounds = limits ?? DEFAULT_LIMITS
  if (shape) problems.push(...surgeProblems(shape, bounds, 'traffic'))
  if (shape && quick) problems.push(...replayChangeProblems(shape, quick, 'quick'))
  if (shape && quickShape && quick && surgeProblems(shape, bounds, '').length === 0) {
    problems.push(...surgeProblems(quickShape, bounds, 'quick'))
  }
  if (shape && faultProblems.length === 0) {
    const wrong = faultTimeProblems(faults, shape.lastsSec, 'traffic')
    problems.push(...wrong)
    if (quickShape && wrong.length === 0)
      problems.push(...faultTimeProblems(faults, quickShape.lastsSec, 'quick'))
  }
  if (shoppers) problems.push(...doubles('shoppers', shoppers))
  if (invariants) problems.push(...doubles('invariants', invariants))
  problems.push(...missingAll(given['slo']))
  if (slo && shape) problems.push(...judgementProblems(slo, shape))

  const first = new Set(unreadable.map(({ path }) => path))
  const all = [...unreadable, ...problems.filter(({ path }) => !first.has(path))]
  if (
    all.length > 0 ||
    !(name && question && shape && quickShape && shoppers && patience && http && slo && forecast) ||
    !(abortWhen && limits && sideEffectsStubbed !== null && topology && invariants && seed !== null)
  ) {
    return { ok: false, problems: all }
  }
  const scenario: Scenario = {
    name,
    question,
    traffic: drawTraffic(shape, false),
    quickTraffic: drawTraffic(quickShape, quickShape.lastsSec < shape.lastsSec),
    data: data.feeders,
    shoppers: shoppers satisfies readonly Journey[],
    patience,
    http,
    slo,
    abortWhen,
    limits,
    sideEffectsStubbed,
    keepHeadroom: forecast.keepHeadroom ?? KEEP_HEADROOM,
    topology,
    invariants,
    faults,
    seed,
  }
  return { ok: true, scenario }
}

/** What the lists of `data` hold is the scenario's own business. */
function isDataSource(path: readonly PropertyKey[]): boolean {
  return path.length === 2 && path[0] === 'data'
}

function noFiles(): { readonly ok: false; readonly problems: readonly Omit<Problem, 'path'>[] } {
  return {
    ok: false,
    problems: [{ expected: 'a scenario that was loaded from a file', got: 'one that was not' }],
  }
}

type Schema<Value> = {
  safeParse(
    value: unknown,
  ): { success: true; data: Value } | { success: false; error: Parameters<typeof problemsOf>[0] }
}

/** The surge of `--quick`: what the scenario says, else half as long, 20 s at least. */
function quickened(shape: TrafficShape, quick: SurgeChange): TrafficShape {
  const lasts = Math.min(shape.lastsSec, Math.max(QUICK_AT_LEAST_SEC, shape.lastsSec / 2))
  if (shape.kind === 'replay') return busiest(shape, quick.lasts ?? lasts)
  return changeShape(shape, { lasts, ...quick })
}

function surgeProblems(shape: TrafficShape, limits: LoadLimits, path: string): readonly Problem[] {
  const problem = peakProblem(shape)
  return problem ? [{ path: `${path}.peak`, ...problem }] : beyondLimits(shape, limits, path)
}

function doubles(path: string, named: readonly { readonly name: string }[]): readonly Problem[] {
  return named.flatMap(({ name }, i) =>
    named.findIndex((other) => other.name === name) < i
      ? [{ path: `${path}[${i}].name`, expected: 'a name of its own', got: `${describeValue(name)} again` }]
      : [],
  )
}

/** Clicks on routes without an objective of their own are held against `all`, and so is every second of a surge. */
function missingAll(slo: unknown): readonly Problem[] {
  if (typeof slo !== 'object' || slo === null || Array.isArray(slo) || 'all' in slo) return []
  return [{ path: 'slo.all', expected: 'the objectives for all clicks together', got: 'nothing' }]
}

/**
 * Objectives that the whole surge could not judge. One click a shopper is what can be counted on: what journeys do
 * is only known by running them.
 */
function judgementProblems(slo: Slo, shape: TrafficShape): readonly Problem[] {
  // A curve that counts whole shoppers may miss the last of them by a rounding.
  const shoppers = Math.floor(expectedArrivals(drawTraffic(shape, false).curve, 0, shape.lastsSec) + 1e-6)
  return samplesNeeded(slo['all'] ?? {}).flatMap(({ bound, clicks }) =>
    clicks <= shoppers
      ? []
      : [
          {
            path: `slo.all.${bound}`,
            expected: `a surge of at least ${clicks} shoppers to judge it (more traffic, longer, or a looser bound)`,
            got: `${shoppers} shoppers`,
          },
        ],
  )
}
