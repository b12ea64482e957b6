import { applyFixes } from '../fixes/index.ts'
import type {
  ArmFailedLine,
  ArmLine,
  EndLine,
  EventLine,
  HeaderLine,
  InvariantLine,
  InvariantSampleLine,
  MachineFacts,
  RecordLine,
  ScenarioFacts,
} from '../record.ts'
import { type RunData, readRun } from '../run-data.ts'
import { DEFAULT_TOPOLOGY } from '../topology.ts'
import { type SegmentSpec, segmentLines } from './build-segment.ts'

export type RunOptions = {
  readonly segments: readonly SegmentSpec[]
  readonly header?: Partial<Omit<HeaderLine, 'kind' | 'schema' | 'scenario' | 'machine'>>
  readonly scenario?: Partial<ScenarioFacts>
  readonly machine?: Partial<MachineFacts>
  /** Default: arm 0, today, with budgets that bind. */
  readonly arms?: readonly Partial<Omit<ArmLine, 'kind'>>[]
  readonly armFailures?: readonly Omit<ArmFailedLine, 'kind'>[]
  readonly events?: readonly Omit<EventLine, 'kind'>[]
  readonly invariants?: readonly Omit<InvariantLine, 'kind'>[]
  readonly invariantSamples?: readonly Omit<InvariantSampleLine, 'kind'>[]
  /** `null`: the command did not get to its end. */
  readonly end?: Partial<Omit<EndLine, 'kind'>> | null
}

/** A run for tests, from simple parameters: sorted exactly as a record that was read from a file. */
export function buildRun(options: RunOptions): RunData {
  const header: HeaderLine = {
    kind: 'header',
    schema: 1,
    run: 'test-run',
    command: 'rehearse',
    version: '0.1.0',
    startedAt: '2026-11-27T08:00:00.000Z',
    scope: 'sample-shop',
    options: { quick: false, budgetSec: 300, set: [] },
    ...options.header,
    scenario: { ...SCENARIO, ...options.scenario },
    machine: {
      cores: 2,
      memoryMb: 8192,
      node: 'v20.19.0',
      platform: 'linux-x64',
      speed: 1,
      ...options.machine,
    },
  }
  const lines: RecordLine[] = [header]
  for (const [index, arm] of (options.arms ?? [{}]).entries()) {
    const fixes = arm.fixes ?? []
    lines.push({
      kind: 'arm',
      atUs: 0,
      arm: index,
      fixes,
      topology: applyFixes(DEFAULT_TOPOLOGY, fixes),
      isolation: { means: 'cgroup-v1', bindsWithin: 0.03, periodMs: 10 },
      ...arm,
    })
  }
  const { patience, seed, path, hash } = header.scenario
  const plan = {
    seed,
    arrivals: { kind: 'poisson' } as const,
    scenarioPath: path,
    scenarioHash: hash,
    journeys: header.scenario.journeys.map((journey) => ({
      ...journey,
      thinkTime: { kind: 'uniform', minMs: 300, maxMs: 2000 } as const,
    })),
    patience,
    partition: { index: 0, of: 1 },
    graceMs: 1000,
    limits: { maxInFlight: 5000, maxPerSec: 2000, maxDurationSec: 600 },
  }
  let atUs = 10_000_000
  for (const [index, spec] of options.segments.entries()) {
    const built = segmentLines(spec, index, atUs, plan)
    lines.push(...built.lines)
    atUs = built.nextUs
  }
  for (const failure of options.armFailures ?? []) lines.push({ kind: 'arm-failed', ...failure })
  for (const event of options.events ?? []) lines.push({ kind: 'event', ...event })
  for (const invariant of options.invariants ?? []) lines.push({ kind: 'invariant', ...invariant })
  for (const sample of options.invariantSamples ?? []) lines.push({ kind: 'invariant-sample', ...sample })
  if (options.end !== null) lines.push({ kind: 'end', atUs, exitCode: 0, reason: 'done', ...options.end })
  const run = readRun(lines)
  if (!run) throw new Error('a built run has a header')
  return run
}

/** The run as the lines a record file would hold, header first. */
export function recordLines(run: RunData): RecordLine[] {
  const lines: RecordLine[] = [run.header, ...run.arms, ...run.armFailures]
  if (run.data) lines.push({ kind: 'data', atUs: 0, ...run.data })
  for (const segment of run.segments) {
    lines.push(
      segment.line,
      ...segment.slots,
      ...segment.sendLags,
      ...segment.orders,
      ...segment.unknownOrders,
    )
    if (segment.end) lines.push(segment.end)
  }
  lines.push(...run.series, ...run.events, ...run.invariants, ...run.invariantSamples)
  if (run.end) lines.push(run.end)
  return lines
}

const SCENARIO: ScenarioFacts = {
  name: 'black-friday',
  question: 'Do we take orders through the doors-open minute?',
  path: 'scenarios/black-friday.ts',
  hash: 'test',
  seed: 42,
  curveLabel: 'doors-open minute, real speed',
  normalPerSec: 5,
  peakPerSec: 60,
  journeys: [
    { name: 'browser', weight: 72 },
    { name: 'buyer', weight: 8 },
  ],
  patience: { timeoutMs: 3000, reloads: 1 },
  slo: { all: { p95Ms: 300, errorRatio: 0.01 }, 'POST /checkout': { p95Ms: 800 } },
  keepHeadroom: 0.3,
}
