import { availableParallelism, totalmem } from 'node:os'
import { performance } from 'node:perf_hooks'
import { measureCoreClass } from './calibrate.ts'
import { startClock } from './clock.ts'
import { type Conductor, conductor, interrupted, type LiveLine } from './conduct.ts'
import { asksLedger } from './core/asks-ledger.ts'
import type { AttachedFacts } from './core/attached.ts'
import { scenarioFacts } from './core/compile-plan.ts'
import { HarnessError } from './core/errors.ts'
import type { Fault } from './core/faults/fault.ts'
import type { FixId } from './core/fixes/index.ts'
import { faultTargetProblems } from './core/input/fault-target-problems.ts'
import { problemLines } from './core/input/problem.ts'
import { planDurationSec } from './core/plan.ts'
import type { Scope } from './core/record.ts'
import { convertCpu, resolveTopology } from './core/resolve-topology.ts'
import type { Invariant, Scenario, Traffic } from './core/scenario.ts'
import type { Topology } from './core/topology.ts'
import { type Experiment, TIMING } from './experiment.ts'
import type { AppSpec, Engine, Environment, Probe, Running } from './ports.ts'
import { startSampling } from './probes/sampling.ts'
import { readDataFacts } from './read-data-facts.ts'
import { loadScenario } from './scenario-file.ts'
import { createRun, type RunFolder } from './store.ts'
import { VERSION } from './version.ts'

/** The adapters behind the ports, chosen by the command line. */
export type World = {
  readonly environment: Environment
  readonly engine: Engine
  readonly probes: readonly Probe[]
  readonly app: AppSpec
  readonly scope: Scope
}

export type StageRequest = {
  readonly command: string
  readonly scenario: string
  /** The scenario was made from the command line: its text is kept in the run's folder, and read from there. */
  readonly keep?: { readonly name: string; readonly text: string }
  /** Options that say what is attached to, without secrets. */
  readonly attach?: readonly string[]
  /** What was rehearsed, as the command line named it. */
  readonly env: string
  readonly set: readonly string[]
  readonly seed: number | null
  readonly budgetSec: number
  readonly quick: boolean
  /** Fixes asked for by their ids; none: those that are offered are tried. */
  readonly fixes: readonly FixId[]
  readonly reports: string
  readonly out: string | null
  readonly interrupt: AbortSignal
  /** `performance.now()` when the command began: its time budget counts from there. */
  readonly startedAtMs: number
}

/** What the stage tells of itself while it is built. */
export type StageEvents = {
  phase(text: string, aboutSec: number | null): void
  note(text: string): void
  /** A line that stays. */
  say(text: string): void
  live(line: LiveLine): void
}

/** One system, up and measured: everything a command needs to experiment on it. */
export type Stage = {
  readonly experiment: Experiment
  readonly conductor: Conductor
  readonly scenario: Scenario
  readonly traffic: Traffic
  readonly today: Topology
  readonly folder: RunFolder
  readonly hostCores: number
  /** Seconds since the command began. */
  elapsedSec(): number
  /** The run's clock at which the command's time budget is used up. */
  readonly budgetEndsUs: number
}

/**
 * A scenario and its topology, read and checked; nothing is started. Rejects with every problem at once. `noFaultsIn`: where
 * it will run, when no faults can be done there.
 */
export async function prepare(
  request: Pick<StageRequest, 'scenario' | 'set' | 'seed'> & { readonly noFaultsIn?: string | null },
) {
  const { scenario: written, path, hash } = await loadScenario(request.scenario)
  const resolution = resolveTopology(written, request.set)
  if (!resolution.ok) {
    throw new HarnessError({
      code: 'usage',
      message: `${resolution.problems.length === 1 ? '1 problem' : `${resolution.problems.length} problems`} with --set:\n${problemLines(resolution.problems)}`,
      where: '--set',
      hint: 'Example: --set topology.database.cpu=0.6 --set traffic.peak=2x',
    })
  }
  checkFaults(resolution.scenario.faults, resolution.topology, request.noFaultsIn ?? null)
  const scenario =
    request.seed === null ? resolution.scenario : { ...resolution.scenario, seed: request.seed }
  return { scenario, file: { path, hash }, topology: resolution.topology }
}

function checkFaults(faults: readonly Fault[], topology: Topology, noFaultsIn: string | null): void {
  if (faults.length === 0) return
  if (noFaultsIn !== null) {
    throw new HarnessError({
      code: 'usage',
      message: `the scenario has faults, and none can be done in ${noFaultsIn}`,
      where: 'faults',
      hint: 'Leave them out of the scenario, or rehearse it in the embedded environment.',
    })
  }
  const problems = faultTargetProblems(faults, topology)
  if (problems.length === 0) return
  throw new HarnessError({
    code: 'usage',
    message: `${problems.length === 1 ? '1 fault is' : `${problems.length} faults are`} on what is not there:\n${problemLines(problems)}`,
    where: 'faults',
    hint: 'Change the faults, or the topology: --set topology.app.instances=2, --set topology.database.replicas=1',
  })
}

/**
 * Brings the system up, lets `act` experiment on it, and takes everything down again, however `act` ends. The record
 * gets its header at once and its end in any case that the process lives to see.
 */
export async function onStage<T>(
  world: World,
  request: StageRequest,
  events: StageEvents,
  act: (stage: Stage) => Promise<T>,
): Promise<{ readonly value: T; readonly folder: RunFolder }> {
  const { scenario, file: readFrom, topology } = await prepare(request)
  const traffic = request.quick ? scenario.quickTraffic : scenario.traffic
  const speed = measureCoreClass()
  const today = convertCpu(topology, speed)
  const clock = startClock()
  const folder = createRun({
    reports: request.reports,
    out: request.out,
    name: scenario.name,
    now: new Date(),
  })
  const { keep } = request
  const file = keep ? { path: folder.save(keep.name, keep.text), hash: readFrom.hash } : readFrom
  folder.write({
    kind: 'header',
    schema: 1,
    run: folder.id,
    command: request.command,
    version: VERSION,
    startedAt: new Date().toISOString(),
    scope: world.scope,
    scenario: scenarioFacts(scenario, file, request.quick),
    machine: {
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 2 ** 20),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      speed,
    },
    options: {
      quick: request.quick,
      budgetSec: request.budgetSec,
      env: request.env,
      set: request.set,
      ...(request.fixes.length > 0 && { fixes: request.fixes }),
      ...(request.attach && { attach: request.attach }),
    },
  })
  folder.publish()

  let running: Running | null = null
  let stopSampling = async () => {}
  let engineReady: Promise<unknown> = Promise.resolve()
  try {
    if (request.interrupt.aborted) throw interrupted(folder)
    events.phase('bringing the system up', 9)
    const opening = world.engine.open(file.path, folder.id, clock)
    // Awaited below; when the system does not come up it must still have been opened before it can be closed.
    engineReady = opening.catch(() => {})
    running = await world.environment.up(
      { topology: today, app: world.app, clock, coreSpeed: speed, faults: scenario.faults },
      events.note,
      request.interrupt,
    )
    if (running.attached) {
      const attached = withLedgerMissing(running.attached, scenario.invariants)
      folder.write({ kind: 'attached', atUs: clock.nowUs(), ...attached })
      for (const { what, cost } of attached.missing) events.say(`missing: ${what}: ${cost}`)
    }
    const data = await readDataFacts(running.query)
    if (data) folder.write({ kind: 'data', atUs: clock.nowUs(), ...data })
    const { pid } = await opening
    await running.adopt(pid)
    const sampling = await startSampling(world.probes, running.endpoints, clock, (reading) => {
      const line = { kind: 'series', ...reading } as const
      folder.write(line)
      events.live(line)
    })
    stopSampling = async () => {
      await sampling.stop()
    }
    const conducts = conductor({
      running,
      engine: world.engine,
      folder,
      clock,
      abortWhen: scenario.abortWhen,
      invariants: scenario.invariants,
      faults: scenario.faults,
      interrupt: request.interrupt,
      onLive: events.live,
    })
    const elapsedSec = () => (performance.now() - request.startedAtMs) / 1000
    const value = await act({
      experiment: {
        conductor: conducts,
        today,
        scenario,
        file,
        traffic,
        timing: TIMING[request.quick ? 'quick' : 'full'],
      },
      conductor: conducts,
      scenario,
      traffic,
      today,
      folder,
      hostCores: availableParallelism(),
      elapsedSec,
      budgetEndsUs: clock.nowUs() + (request.budgetSec - elapsedSec()) * 1e6,
    })
    return { value, folder }
  } catch (cause) {
    const error = request.interrupt.aborted ? interrupted(folder) : cause
    const exitCode = error instanceof HarnessError ? error.exitCode : 70
    const reason = error instanceof Error ? error.message : String(error)
    tryTo(() =>
      folder.write({
        kind: 'event',
        atUs: clock.nowUs(),
        name: request.interrupt.aborted ? 'interrupted' : 'note',
        detail: reason,
      }),
    )
    tryTo(() => folder.write({ kind: 'end', atUs: clock.nowUs(), exitCode, reason }))
    throw error
  } finally {
    events.phase('taking everything down', 2)
    await engineReady
    await settleAll([stopSampling(), world.engine.close(), running?.down() ?? Promise.resolve()])
    tryTo(() => folder.close())
  }
}

/** Invariants that only tables of ours could answer are missing, too, where none may be made. */
function withLedgerMissing(attached: AttachedFacts, invariants: readonly Invariant[]): AttachedFacts {
  const unasked = attached.ddl ? [] : invariants.filter(({ sql }) => asksLedger(sql)).map(({ name }) => name)
  if (unasked.length === 0) return attached
  const missing = {
    what: 'tables for what shoppers were told (--allow-ddl)',
    cost: `not checked: ${unasked.join(', ')}`,
  }
  return { ...attached, missing: [...attached.missing, missing] }
}

/** Shoppers who came last still finish their visit. */
const LAST_SESSIONS_SEC = 6

/** Length of a surge with the sessions that end after its curve, in seconds. */
export function surgeSec(traffic: Traffic): number {
  return planDurationSec(traffic) + LAST_SESSIONS_SEC
}

/** A full disk must not keep the rest from being taken down. */
function tryTo(act: () => void): void {
  try {
    act()
  } catch {
    // The error that matters is already on its way.
  }
}

async function settleAll(acts: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(acts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
