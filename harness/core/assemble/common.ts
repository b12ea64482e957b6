import { quantile } from 'simple-statistics'
import { runValidity } from '../measure/validity.ts'
import type { Isolation, Scope } from '../record.ts'
import type {
  Common,
  CoreSpeed,
  InvariantResult,
  RunBalancer,
  RunCache,
  RunDatabase,
  RunPooler,
  UncheckedInvariant,
} from '../result.ts'
import { RESULT_SCHEMA } from '../result.ts'
import type { RunData } from '../run-data.ts'
import type { Topology } from '../topology.ts'

const NOT_ENFORCED: Isolation = { means: 'none', bindsWithin: null, periodMs: null }

/** What every result says of its run, beside its headline and exit. */
export function commonOf<Command extends string>(
  run: RunData,
  command: Command,
  answer: {
    readonly headline: string
    readonly exit: Common<Command>['exit']
    readonly reasons?: readonly string[]
  },
): Common<Command> {
  const validity = runValidity(run)
  const reasons = [...validity.reasons, ...(answer.reasons ?? [])]
  return {
    schema: RESULT_SCHEMA,
    command,
    run: run.header.run,
    scope: run.header.scope,
    headline: answer.headline,
    exit: answer.exit,
    validity: { trusted: reasons.length === 0, reasons, checks: validity.checks },
    isolation: run.arms[0]?.isolation ?? NOT_ENFORCED,
    coreSpeed: coreSpeedOf(run),
    balancers: eachOnce(
      run,
      ({ balancer: { engine, algorithm } }): RunBalancer => ({ engine, algorithm }),
      ({ engine, algorithm }) => (engine === 'none' ? engine : `${engine} ${algorithm}`),
    ),
    poolers: eachOnce(
      run,
      ({ pooler: { kind, poolMode, poolSize } }): RunPooler => ({ kind, poolMode, poolSize }),
      ({ kind, poolMode, poolSize }) => (kind === 'none' ? kind : `${kind} ${poolMode} ${poolSize}`),
    ),
    caches: eachOnce(
      run,
      ({ cache: { kind, memoryMb } }): RunCache => ({ kind, memoryMb }),
      ({ kind, memoryMb }) => (kind === 'none' ? kind : `${kind} ${memoryMb}`),
    ),
    databases: eachOnce(
      run,
      ({ database: { replicas, replicaApplyDelayMs, memoryMb } }): RunDatabase => ({
        replicas,
        replicaApplyDelayMs,
        memoryMb,
      }),
      ({ replicas, replicaApplyDelayMs, memoryMb }) =>
        JSON.stringify([replicas, replicas > 0 && replicaApplyDelayMs, memoryMb]),
    ),
    data: run.data,
    notTested: notTested(run.header.scope, run),
    quick: run.header.options.quick,
    partial: isPartial(run),
    elapsedSec: elapsedSec(run),
  }
}

/** What the arms' topologies had of one part, each once, in the order they came; `key` tells what is the same. */
function eachOnce<Part>(
  { arms }: RunData,
  partOf: (topology: Topology) => Part,
  key: (part: Part) => string,
): readonly Part[] {
  const found = new Map<string, Part>()
  for (const { topology } of arms) {
    if (topology === null) continue
    const part = partOf(topology)
    if (!found.has(key(part))) found.set(key(part), part)
  }
  return [...found.values()]
}

function coreSpeedOf(run: RunData): CoreSpeed | null {
  const measured = run.segments.filter(({ line }) => line.purpose === 'surge' || line.purpose === 'step')
  const speeds = measured.flatMap(({ series }) => series.flatMap(({ values }) => values['coreSpeed'] ?? []))
  if (speeds.length === 0) return null
  return { low: quantile(speeds, 0.05), median: quantile(speeds, 0.5), high: quantile(speeds, 0.95) }
}

/** A run that did not come to its own end: killed, interrupted, or failed half-way. */
function isPartial(run: RunData): boolean {
  return run.end === null || run.end.exitCode === 130 || run.end.exitCode === 4 || run.end.exitCode === 70
}

function elapsedSec(run: RunData): number {
  const lastUs = Math.max(
    0,
    run.end?.atUs ?? 0,
    run.watched?.endUs ?? 0,
    ...run.segments.map(({ end, line }) => end?.atUs ?? line.startUs),
  )
  return lastUs / 1e6
}

/** What no rehearsal of this kind can tell; said in every report, so that nobody reads it into the numbers. */
function notTested(scope: Scope, run: RunData): string[] {
  const shop =
    scope === 'sample-shop'
      ? ['your own application, data size and queries: this is the sample shop']
      : ['production data size and its distribution, unless you loaded it']
  const maintenance =
    run.header.scope === 'attached'
      ? []
      : ['database maintenance under load (autovacuum, checkpoints, backups)']
  const { speed } = run.header.scenario
  const pace =
    speed === undefined
      ? []
      : [
          `how long anything lasts, and what it costs: the arrivals were replayed ×${speed}, so that rates are all it tells`,
        ]
  const { attached, watched } = run
  if (attached && watched)
    return [
      `whether shoppers got what they were promised: the load and its numbers are those of ${watched.program}`,
      ...attached.missing.map(({ what, cost }) => `missing: ${what}: ${cost}`),
    ]
  const network =
    attached && !attached.onThisMachine
      ? 'the networks of shoppers: all load came from this one machine'
      : 'the network between shoppers and the shop, TLS, CDN and DNS: all traffic stays on this machine'
  const theirs = attached
    ? [
        'the same data in every arm: it is not restored in between, each begins with what the one before left',
        ...attached.missing.map(({ what, cost }) => `missing: ${what}: ${cost}`),
      ]
    : ['payment provider and other remote services, beyond a fixed response time']
  return [
    ...shop,
    ...pace,
    network,
    ...theirs,
    lostServer(run) ? 'autoscaling' : 'autoscaling, and losing a server during the surge',
    longerSurge(run),
    ...maintenance,
  ]
}

function longerSurge({ segments }: RunData): string {
  const surge = segments.find(({ line }) => line.purpose === 'surge')
  if (!surge) return 'a surge: how load climbs and ends; each step drove steady load'
  return `a surge that lasts longer than this one (${Math.round(surge.line.plan.curve.at(-1)?.atSec ?? 0)} s)`
}

/** A server was killed in a surge, by a fault of the scenario. */
function lostServer({ events }: RunData): boolean {
  return events.some(({ fault }) => fault?.became === 'begun' && fault.act.kind === 'kill')
}

/** The last word on each invariant: broken once is broken, in a sample or at the end. */
export function invariantsOf(run: RunData): InvariantResult[] {
  const byName = new Map<string, InvariantResult>()
  const known = (name: string): InvariantResult =>
    byName.get(name) ?? { name, held: true, detail: 'no rows', samples: 0, firstBrokenSec: null }
  for (const { name, held, detail } of run.invariants) {
    if (known(name).held) byName.set(name, { ...known(name), held, detail })
  }
  for (const sample of run.invariantSamples) {
    for (const { name, detail } of sample.broken) {
      const { held, samples, firstBrokenSec, ...found } = known(name)
      byName.set(name, {
        name,
        held: false,
        detail: held ? detail : found.detail,
        samples: samples + 1,
        firstBrokenSec: firstBrokenSec ?? secOfSegment(run, sample.atUs),
      })
    }
    for (const name of sample.held) byName.set(name, { ...known(name), samples: known(name).samples + 1 })
  }
  return [...byName.values()]
}

const UNCHECKED = /^invariant "(.*)" was not checked: ([\s\S]*)$/

/** Invariants nobody found out about, each once, as the record notes them; spread into a result, which lacks them when there are none. */
export function uncheckedOf(run: RunData): { readonly uncheckedInvariants?: readonly UncheckedInvariant[] } {
  const known = new Set(run.invariants.map(({ name }) => name))
  const unchecked = new Map<string, UncheckedInvariant>()
  for (const { detail } of run.events) {
    const [, name, because = ''] = UNCHECKED.exec(detail) ?? []
    if (name !== undefined && !known.has(name)) unchecked.set(name, { name, because })
  }
  return unchecked.size === 0 ? {} : { uncheckedInvariants: [...unchecked.values()] }
}

/** A moment in seconds since the start of the segment that was driven then. */
function secOfSegment({ segments }: RunData, atUs: number): number {
  const startUs = Math.max(0, ...segments.map(({ line }) => line.startUs).filter((us) => us <= atUs))
  return (atUs - startUs) / 1e6
}
