import { EXIT_CODES, HarnessError } from '../../core/errors.ts'
import type { FixId, FixStep } from '../../core/fixes/index.ts'
import type { AnyResult } from '../../core/result.ts'
import type { RunData } from '../../core/run-data.ts'
import { readRun } from '../../core/run-data.ts'
import type { Traffic } from '../../core/scenario.ts'
import type { Topology } from '../../core/topology.ts'
import { type StepTiming, TIMING } from '../../experiment.ts'
import type { RehearsalEvents } from '../../rehearse.ts'
import { toJson } from '../../report/json.ts'
import { renderAnswer } from '../../report/terminal.ts'
import { onStage, prepare, type Stage } from '../../stage.ts'
import type { RunFolder } from '../../store.ts'
import {
  asTyped,
  type ChosenScenario,
  chooseScenario,
  noFaultsIn,
  type Rehearsed,
  readRehearsed,
  refuseSampleShops,
  targetOf,
} from '../attaching.ts'
import type { Context, Ending } from '../context.ts'
import { liveView } from '../live-view.ts'
import { openReport } from '../open-report.ts'
import { saveReports } from '../save-reports.ts'
import { worldOf } from '../world-of.ts'

/** A command that brings a system up, experiments on it and answers from the record. */
export type StagedCommand = {
  readonly name: string
  /** As it was named; `null`: it was not. */
  readonly scenario: string | null
  /** Rehearsed when none was named; `null`: one must be. */
  readonly fallback?: string
  /** Fixes asked for by their ids. */
  readonly fixes?: readonly FixId[]
  /** Refuses what minutes of measuring would end with "not run"; `levers` of a system that is not ours, else `null`. */
  readonly check?: (today: Topology, levers: readonly FixStep[] | null) => void
  /** Time budget when `--budget` was not given, seconds: normally and with `--quick`. */
  readonly budgetSec: { readonly full: number; readonly quick: number }
  /** What the default budget does not cover, by the traffic that will run, seconds. */
  readonly extraSec?: (traffic: Traffic, timing: StepTiming) => number
  readonly act: (stage: Stage, events: RehearsalEvents) => Promise<void>
  readonly assemble: (run: RunData) => AnyResult
}

/** Runs a staged command: progress while it goes on, then the answer, the reports and the exit code. */
export async function runStaged(context: Context, command: StagedCommand): Promise<Ending> {
  const { options } = context
  const rehearsed = await readRehearsed(options)
  const target = rehearsed.kind === 'attached' ? targetOf(rehearsed.spec) : null
  const chosen = chooseScenario(command.scenario, command.fallback ?? null, options, target)
  try {
    return await rehearseOn(context, command, rehearsed, chosen)
  } finally {
    chosen.remove()
  }
}

async function rehearseOn(
  context: Context,
  command: StagedCommand,
  rehearsed: Rehearsed,
  chosen: ChosenScenario,
): Promise<Ending> {
  const { options } = context
  const { scenario, file, topology } = await prepare({
    scenario: chosen.path,
    set: options.set,
    seed: options.seed,
    noFaultsIn: noFaultsIn(rehearsed, options.env),
  }).catch((cause: unknown) => {
    throw chosen.keep ? asTyped(cause) : cause
  })
  if (rehearsed.kind === 'attached') {
    refuseSampleShops(
      command.name,
      { name: scenario.name, path: file.path },
      targetOf(rehearsed.spec),
      options,
    )
  }
  command.check?.(topology, rehearsed.kind === 'attached' ? rehearsed.spec.levers : null)
  const world = await worldOf(context, rehearsed)
  if (rehearsed.kind === 'attached' && chosen.pages)
    await context.adapters.lookAtPages(
      targetOf(rehearsed.spec),
      chosen.pages,
      options.attach.ownedHosts,
      context.interrupt,
    )
  const length = options.quick ? 'quick' : 'full'
  const traffic = options.quick ? scenario.quickTraffic : scenario.traffic
  const defaultSec = command.budgetSec[length] + (command.extraSec?.(traffic, TIMING[length]) ?? 0)
  const progress = context.progress(`Doorbuster · ${scenario.name}`)
  const view = liveView(scenario.slo)
  let lastDrawn = 0
  let written: string | null = null
  try {
    const { folder } = await onStage(
      world,
      {
        command: command.name,
        scenario: chosen.path,
        ...(chosen.keep && { keep: chosen.keep }),
        ...(rehearsed.kind === 'attached' && { attach: rehearsed.shown }),
        env: options.env,
        set: options.set,
        seed: options.seed,
        budgetSec: options.budgetSec ?? defaultSec,
        quick: options.quick,
        fixes: command.fixes ?? [],
        reports: context.reports,
        out: options.out,
        interrupt: context.interrupt,
        startedAtMs: context.startedAtMs,
      },
      {
        phase: progress.phase,
        note: progress.live,
        say: progress.say,
        live(line) {
          view.observe(line)
          const now = Date.now()
          if (now - lastDrawn < 500) return
          lastDrawn = now
          progress.live(view.text())
        },
      },
      async (stage) => {
        await command.act(stage, progress)
        progress.phase('writing the report', 2)
        finish(context, stage.folder, stage.conductor.clock.nowUs(), command.assemble)
        written = `${stage.folder.path}/report.html`
      },
    )
    progress.stop()
    return answer(context, folder, command.assemble(data(folder)))
  } catch (cause) {
    progress.stop(true)
    // What was wrong came after the answer, when everything was taken down.
    if (written !== null) context.stderr(`the report was written before that: ${written}`)
    throw cause
  }
}

/** Writes the record's end and everything derived from it. */
function finish(
  context: Context,
  folder: RunFolder,
  atUs: number,
  assemble: StagedCommand['assemble'],
): void {
  const { exit } = assemble(data(folder))
  folder.write({ kind: 'end', atUs, exitCode: exit.code, reason: exit.meaning })
  saveReports(folder.save, assemble(data(folder)), data(folder))
  context.stderr('')
}

function data(folder: RunFolder): RunData {
  const run = readRun(folder.lines)
  if (!run) throw new HarnessError({ code: 'bug', message: 'the record has no header' })
  return run
}

const INTERRUPTED: Ending = {
  code: EXIT_CODES.interrupted,
  meaning: 'interrupted after the answer was found; the record is whole',
}

function answer(context: Context, folder: RunFolder, result: AnyResult): Ending {
  const { options } = context
  // Ctrl-C while everything was taken down: the answer is whole, but whoever stopped us is told that we stopped.
  const exit = context.interrupt.aborted ? INTERRUPTED : result.exit
  const ended = { ...result, exit }
  const named = 'report' in ended ? { ...ended, report: `${folder.path}/report.html` } : ended
  if (options.json) context.stdout(toJson(named))
  else
    context.stdout(
      `${renderAnswer(named, { colour: context.colour, width: context.columns, header: data(folder).header })}\n`,
    )
  if (options.open) openReport(`${folder.path}/report.html`)
  return exit
}
