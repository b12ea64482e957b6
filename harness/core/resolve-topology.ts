import type { ZodError } from 'zod'
import { describeValue } from './input/describe-value.ts'
import { haproxyProblems } from './input/haproxy-problems.ts'
import { beyondLimits } from './input/limits-input.ts'
import { nearest } from './input/nearest.ts'
import type { Problem } from './input/problem.ts'
import { problemsOf } from './input/problems-of.ts'
import { type Leaf, TOPOLOGY_LEAVES } from './input/topology-input.ts'
import {
  changeShape,
  peakProblem,
  replayChangeProblems,
  SURGE_PARTS,
  type SurgeChange,
} from './input/traffic-input.ts'
import type { Scenario, TopologyPatch, Traffic } from './scenario.ts'
import { DEFAULT_TOPOLOGY, type Topology } from './topology.ts'
import { busiest } from './traffic/replay-window.ts'
import { drawTraffic } from './traffic/shapes.ts'

export type Resolution =
  | { readonly ok: true; readonly topology: Topology; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Today's topology: defaults ← the scenario's ← each `--set path=value` in order, in reference cores; and the scenario
 * with the traffic that `--set traffic.peak=2x` and its kin ask for. All problems at once.
 */
export function resolveTopology(scenario: Scenario, set: readonly string[]): Resolution {
  const problems: Problem[] = []
  let topology = patched(DEFAULT_TOPOLOGY, scenario.topology)
  let surge: SurgeChange = {}
  for (const entry of set) {
    const at = entry.indexOf('=')
    const path = at < 0 ? entry : entry.slice(0, at)
    if (at < 1) {
      problems.push({
        path: '--set',
        expected: '<path>=<value> such as topology.database.cpu=0.6',
        got: describeValue(entry),
      })
      continue
    }
    const reading = readEntry(path.trim(), entry.slice(at + 1))
    if (!reading.ok) problems.push(reading.problem)
    else if (reading.kind === 'topology') topology = patched(topology, reading.patch)
    else surge = { ...surge, ...reading.change }
  }
  problems.push(...replayChangeProblems(scenario.traffic.shape, surge, '--set traffic'))
  problems.push(...haproxyProblems(topology.balancer))
  const traffic = changedTraffic(scenario, scenario.traffic, surge)
  const quickTraffic = changedTraffic(scenario, scenario.quickTraffic, surge)
  const peak = peakProblem(traffic.shape) ?? peakProblem(quickTraffic.shape)
  if (peak) problems.push({ path: '--set traffic', ...peak })
  else if (Object.keys(surge).length > 0) {
    const beyond = [traffic, quickTraffic].map(({ shape }) =>
      beyondLimits(shape, scenario.limits, '--set traffic'),
    )
    problems.push(...(beyond.find((found) => found.length > 0) ?? []))
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, topology, scenario: { ...scenario, traffic, quickTraffic } }
}

/**
 * A topology whose budgets are in reference cores, on a machine whose core is `speed` times as fast: the same work
 * gets the same time. Nothing but CPU is converted.
 */
export function convertCpu(topology: Topology, speed: number): Topology {
  return {
    balancer: { ...topology.balancer, cpu: topology.balancer.cpu / speed },
    app: { ...topology.app, cpu: topology.app.cpu / speed },
    pooler: { ...topology.pooler, cpu: topology.pooler.cpu / speed },
    database: { ...topology.database, cpu: topology.database.cpu / speed },
    cache: { ...topology.cache, cpu: topology.cache.cpu / speed },
  }
}

type EntryReading =
  | { readonly ok: true; readonly kind: 'topology'; readonly patch: TopologyPatch }
  | { readonly ok: true; readonly kind: 'traffic'; readonly change: SurgeChange }
  | { readonly ok: false; readonly problem: Problem }

function readEntry(path: string, text: string): EntryReading {
  const [root, part = '', key = '', ...rest] = path.split('.')
  if (root === 'traffic' && isOwn(SURGE_PARTS, part) && key === '') {
    const reading = SURGE_PARTS[part].safeParse(text.trim())
    if (!reading.success) return refused(path, text, reading.error)
    return { ok: true, kind: 'traffic', change: { [part]: reading.data } }
  }
  const leaf = root === 'topology' ? leafAt(part, key) : null
  // A map is set entry by entry (app.settings.name), everything else as a whole.
  if (!leaf || (leaf.entryFromText !== undefined) !== rest.length > 0) return unknown(path)
  const value = leaf.entryFromText
    ? { [rest.join('.')]: leaf.entryFromText(text) }
    : leaf.fromText(text.trim())
  const reading = leaf.schema.safeParse(value)
  if (!reading.success) return refused(path, text, reading.error)
  return { ok: true, kind: 'topology', patch: { [part]: { [key]: reading.data } } }
}

function refused(path: string, text: string, error: ZodError): EntryReading {
  const expected = problemsOf(error, undefined, [])[0]!.expected
  return { ok: false, problem: { path: `--set ${path}`, expected, got: describeValue(text) } }
}

function unknown(path: string): EntryReading {
  const known = [
    ...Object.keys(SURGE_PARTS).map((part) => `traffic.${part}`),
    ...Object.entries(TOPOLOGY_LEAVES).flatMap(([part, leaves]) =>
      Object.entries(leaves as Readonly<Record<string, Leaf>>).map(
        ([key, leaf]) => `topology.${part}.${key}${leaf.entryFromText ? '.<name>' : ''}`,
      ),
    ),
  ]
  // "database.cpu" and "peak" are meant as clearly as a slip of the finger is.
  const meant =
    known.find((full) => full.endsWith(`.${path}`) || full === `${path}.<name>`) ?? nearest(path, known)
  const expected = meant ? `a path such as ${meant}` : `one of ${known.join(', ')}`
  return { ok: false, problem: { path: `--set ${path}`, expected, got: 'an unknown path' } }
}

function leafAt(part: string, key: string): Leaf | null {
  if (!isOwn(TOPOLOGY_LEAVES, part)) return null
  const leaves = TOPOLOGY_LEAVES[part] as Readonly<Record<string, Leaf>>
  return isOwn(leaves, key) ? leaves[key]! : null
}

function isOwn<Owner extends object>(owner: Owner, key: PropertyKey): key is keyof Owner {
  return Object.hasOwn(owner, key)
}

/** A patch laid over a topology: single values replace, settings and weights add up. */
function patched(topology: Topology, patch: TopologyPatch): Topology {
  return {
    balancer: {
      ...topology.balancer,
      ...patch.balancer,
      weights: { ...topology.balancer.weights, ...patch.balancer?.weights },
    },
    app: {
      ...topology.app,
      ...patch.app,
      settings: { ...topology.app.settings, ...patch.app?.settings },
    },
    pooler: { ...topology.pooler, ...patch.pooler },
    database: {
      ...topology.database,
      ...patch.database,
      settings: { ...topology.database.settings, ...patch.database?.settings },
    },
    cache: { ...topology.cache, ...patch.cache },
  }
}

function changedTraffic(scenario: Scenario, traffic: Traffic, change: SurgeChange): Traffic {
  if (Object.keys(change).length === 0) return traffic
  const whole = scenario.traffic.shape
  const shape =
    traffic === scenario.quickTraffic && whole.kind === 'replay'
      ? busiest(whole, change.lasts ?? traffic.shape.lastsSec)
      : changeShape(traffic.shape, change)
  return drawTraffic(shape, shape.lastsSec < scenario.traffic.shape.lastsSec)
}
