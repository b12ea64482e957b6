import { EXIT_CODES, HarnessError } from '../../core/errors.ts'
import type { AnyResult } from '../../core/result.ts'
import type { RunData } from '../../core/run-data.ts'
import { readRun } from '../../core/run-data.ts'
import type { Traffic } from '../../core/scenario.ts'
import { loadEnvironmentFile } from '../../environment-file.ts'
import { type StepTiming, TIMING } from '../../experiment.ts'
import type { RehearsalEvents } from '../../rehearse.ts'
import { renderHtml } from '../../report/html.ts'
import { toJson } from '../../report/json.ts'
import { renderMarkdown } from '../../report/markdown.ts'
import { renderAnswer } from '../../report/terminal.ts'
import { onStage, prepare, type Stage } from '../../stage.ts'
import type { RunFolder } from '../../store.ts'
import { type Context, type Ending, worldOf } from '../context.ts'
import { liveView } from '../live-view.ts'
import { openReport } from '../open-report.ts'

/** A command that brings a system up, experiments on it and answers from the record. */
export type StagedCommand = {
  readonly name: string
  readonly scenario: string
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
  const sampleShop = options.env === 'embedded'
  const app = sampleShop ? context.adapters.sampleShop : await loadEnvironmentFile(options.env)
  const { scenario } = await prepare({ scenario: command.scenario, set: options.set, seed: options.seed })
  const length = options.quick ? 'quick' : 'full'
  const traffic = options.quick ? scenario.quickTraffic : scenario.traffic
  const defaultSec = command.budgetSec[length] + (command.extraSec?.(traffic, TIMING[length]) ?? 0)
  const progress = context.progress(`Doorbuster · ${scenario.name}`)
  const view = liveView(scenario.slo)
  let lastDrawn = 0
  try {
    const { folder } = await onStage(
      worldOf(context.adapters, app, sampleShop ? 'sample-shop' : 'own-app'),
      {
        command: command.name,
        scenario: command.scenario,
        env: options.env,
        set: options.set,
        seed: options.seed,
        budgetSec: options.budgetSec ?? defaultSec,
        quick: options.quick,
        reports: context.reports,
        out: options.out,
        interrupt: context.interrupt,
        startedAtMs: context.startedAtMs,
      },
      {
        phase: progress.phase,
        note: progress.live,
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
      },
    )
    progress.stop()
    return answer(context, folder, command.assemble(data(folder)))
  } catch (cause) {
    progress.stop(true)
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

/** `result.json`, `report.html` and `report.md` of one result. */
function saveReports(save: (name: string, text: string) => string, result: AnyResult, run: RunData): void {
  const named = 'report' in result ? { ...result, report: 'report.html' } : result
  save('result.json', toJson(named))
  save('report.md', renderMarkdown(named, run))
  save('report.html', renderHtml(named, run))
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
  else context.stdout(`${renderAnswer(named, { colour: context.colour, width: context.columns })}\n`)
  if (options.open) openReport(`${folder.path}/report.html`)
  return exit
}
