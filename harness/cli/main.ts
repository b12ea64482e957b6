import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { HarnessError } from '../core/errors.ts'
import { lookAtPages } from '../engines/look-at-pages.ts'
import { openLoopEngine } from '../engines/open-loop/index.ts'
import { checkTarget, targetGuard } from '../engines/target-guard.ts'
import { attachEnvironment } from '../environments/attach/index.ts'
import { composeEnvironment } from '../environments/compose/index.ts'
import { findIsolation } from '../environments/embedded/budgets/find-isolation.ts'
import { embeddedEnvironment } from '../environments/embedded/index.ts'
import { moduleBeingImported } from '../import-user-module.ts'
import { PROBES } from '../probes/index.ts'
import { SAMPLE_SHOP } from '../sample-shop-app.ts'
import { VERSION } from '../version.ts'
import { capacityCommand } from './commands/capacity.ts'
import { diagnoseCommand } from './commands/diagnose.ts'
import { doctorCommand } from './commands/doctor.ts'
import { rehearseCommand } from './commands/rehearse.ts'
import { REPORT_FORMATS, reportCommand } from './commands/report.ts'
import { runCommand } from './commands/run.ts'
import { shopCommand } from './commands/shop.ts'
import { validateCommand } from './commands/validate.ts'
import { watchCommand } from './commands/watch.ts'
import { whatIfCommand } from './commands/whatif.ts'
import type { Context, Ending } from './context.ts'
import { asHarnessError, errorDocument, errorMeaning, errorText } from './errors.ts'
import { fixList } from './fix-list.ts'
import { flushed } from './flushed.ts'
import { interruptSignal } from './interrupt.ts'
import {
  commonOptions,
  readRate,
  readRepeat,
  withOutputOptions,
  withRunOptions,
  withScenarioOptions,
  withSettings,
  withWatchOptions,
} from './options.ts'
import { createProgress } from './progress.ts'

const startedAtMs = performance.now()
const reports =
  process.env['DOORBUSTER_REPORTS'] ?? join(fileURLToPath(new URL('../../', import.meta.url)), 'reports')

const program = new Command('doorbuster')
  .description(
    'Rehearses a holiday surge before it happens: surge → cause → fixes → the surge again on the winner.',
  )
  .version(VERSION)
  .showHelpAfterError('(run with --help for what there is)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text) })

/** A page that takes longer, all by itself, is none to send shoppers to. */
const FIRST_LOOK_MS = 10_000

const DEFAULT_SCENARIO = 'black-friday'

withRunOptions(
  program
    .command('rehearse', { isDefault: true })
    .argument('[scenario]', `name of a scenario, or the path of one (default: ${DEFAULT_SCENARIO})`)
    .summary('surge → cause → fixes → surge again on the winner → report')
    .addOption(
      new Option('--repeat <times>', 'replay the surge on the winner so often, each time with other shoppers')
        .argParser(readRepeat)
        .default(1),
    ),
).action((scenario: string | undefined, raw: { repeat: number }) =>
  conclude('rehearse', raw, (context) => rehearseCommand(context, scenario ?? null, raw.repeat)),
)

withRunOptions(
  program
    .command('run')
    .argument('[scenario]', 'name of a scenario, or the path of one')
    .summary("the surge once, on today's topology"),
).action((scenario: string | undefined, raw) =>
  conclude('run', raw, (context) => runCommand(context, scenario ?? null)),
)

withRunOptions(
  program
    .command('capacity')
    .argument('[scenario]', 'name of a scenario, or the path of one')
    .summary("the highest load at which every objective holds on today's topology")
    .addOption(
      new Option('--at-least <rate>', 'exit 1 when capacity is below this, e.g. 50/s (for CI)').argParser(
        readRate,
      ),
    ),
).action((scenario: string | undefined, raw: { atLeast?: number }) =>
  conclude('capacity', raw, (context) => capacityCommand(context, scenario ?? null, raw.atLeast ?? null)),
)

withRunOptions(
  program
    .command('whatif')
    .argument('[scenario]', 'name of a scenario, or the path of one')
    .summary('capacity with each fix')
    .option(
      '--fix <id>',
      'only this fix (repeatable)',
      (value: string, before: string[]) => [...before, value],
      [] as string[],
    )
    .addHelpText('after', `\nFixes:\n${fixList()}`),
).action((scenario: string | undefined, raw: { fix: string[] }) =>
  conclude('whatif', raw, (context) => whatIfCommand(context, scenario ?? null, raw.fix)),
)

withOutputOptions(
  program
    .command('diagnose')
    .argument('<ref>', 'a run: its id, "latest", "latest~1", a path, or "-" for standard input')
    .summary('what bound capacity in a run made earlier'),
).action((ref: string, raw) => conclude('diagnose', raw, async (context) => diagnoseCommand(context, ref)))

withWatchOptions(
  program
    .command('watch')
    .argument('<command...>', 'after two dashes: any load generator and its arguments')
    .summary('what binds while any load generator drives: watch --postgres env:DSN -- k6 run peak.js'),
).action((command: readonly string[], raw) =>
  conclude('watch', raw, (context) => watchCommand(context, command)),
)

withOutputOptions(
  program
    .command('report')
    .argument('<ref>', 'a run: its id, "latest", "latest~1", a path, or "-" for standard input')
    .summary('a run made earlier, read again')
    .addOption(new Option('--format <format>', 'what to print').choices(REPORT_FORMATS).default('text')),
).action((ref: string, raw: { format: (typeof REPORT_FORMATS)[number] }) =>
  conclude('report', raw, async (context) => reportCommand(context, ref, raw.format)),
)

withScenarioOptions(
  program
    .command('validate')
    .argument('<scenario>', 'name of a scenario, or the path of one')
    .summary('read a scenario and say what it would do; nothing is started'),
).action((scenario: string, raw) =>
  conclude('validate', raw, (context) => validateCommand(context, scenario)),
)

withOutputOptions(
  program.command('doctor').summary('what this machine is, and how many requests it can send on time'),
).action((raw) => conclude('doctor', raw, doctorCommand))

withSettings(program.command('shop').summary('only the sample shop, to click through')).action((raw) =>
  conclude('shop', raw, shopCommand),
)

/** Whether load and site share this machine. */
function isHere(target: string | null, ownedHosts: readonly string[]): boolean {
  return target !== null && targetGuard(ownedHosts).isThisMachine(new URL(target).hostname)
}

/** Runs one command and leaves with its exit code; the last line says it in words. */
async function conclude(
  name: string,
  raw: object,
  act: (context: Context) => Promise<Ending>,
): Promise<void> {
  const options = commonOptions(raw)
  const stderr = (text: string) => void process.stderr.write(`${text}\n`)
  const context: Context = {
    adapters: {
      environment: embeddedEnvironment,
      isolation: findIsolation,
      attach: (spec, warn, ownedHosts) =>
        attachEnvironment({ spec, warn, onThisMachine: isHere(spec.target, ownedHosts) }),
      engine: openLoopEngine,
      checkTarget: (url, ownedHosts) => checkTarget(targetGuard(ownedHosts), url),
      lookAtPages: (target, paths, ownedHosts, signal) =>
        lookAtPages({
          origin: new URL(target).origin,
          paths,
          guard: targetGuard(ownedHosts),
          withinMs: FIRST_LOOK_MS,
          signal,
        }),
      compose: composeEnvironment,
      probes: PROBES,
      sampleShop: SAMPLE_SHOP,
    },
    options,
    reports,
    get interrupt() {
      return interruptSignal()
    },
    startedAtMs,
    stdout: (text) => void process.stdout.write(text),
    stderr,
    progress: (title) =>
      createProgress({ stream: process.stderr, quiet: options.quiet, startedAtMs: Date.now(), title }),
    colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
    columns: process.stdout.columns ?? 100,
  }
  try {
    const { code, meaning } = await act(context)
    const trustworthy = code === 0 || code === 1
    const shown = trustworthy && !options.fail ? 0 : code
    stderr(shown === code ? `exit ${code}: ${meaning}` : `exit 0 (--no-fail; else ${code}): ${meaning}`)
    process.exitCode = shown
  } catch (thrown) {
    const error = asHarnessError(thrown)
    stderr(errorText(error, options.verbose))
    fail(name, error, options.json)
  }
}

/** Leaves with an error's exit code and its last line, and with its JSON document where one was asked for. */
function fail(name: string, error: HarnessError, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(errorDocument(name, error), null, 2)}\n`)
  process.stderr.write(`exit ${error.exitCode}: ${errorMeaning(error)}\n`)
  process.exitCode = error.exitCode
}

// A reader that left (`| head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  const failure = asHarnessError(error)
  process.stderr.write(`${errorText(failure, false)}\n`)
  fail('', failure, false)
  process.exit()
})

// A scenario is somebody's module: one that ends the process, or never finishes loading, must not look like an answer.
let concluded = false
const NEVER_SETTLED = 13
process.on('exit', (code) => {
  if (concluded || (code !== 0 && code !== NEVER_SETTLED)) return
  const module = moduleBeingImported()
  const what = module ? `${module.what} ${module.path}` : 'a module of the scenario'
  process.stderr.write(
    `error: ${what} ended the process, or never finished loading\nexit 2: nothing was started\n`,
  )
  process.exitCode = 2
})

try {
  await program.parseAsync()
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown
  // Help and version come here too, with exit code 0.
  if (thrown.exitCode === 0) process.exitCode = 0
  else {
    const [, , ...words] = process.argv
    const name = words.find((word) => !word.startsWith('-')) ?? 'rehearse'
    // Commander has said what is wrong.
    const error = new HarnessError({ code: 'usage', message: thrown.message.replace(/^error: /, '') })
    fail(name, error, words.includes('--json'))
  }
} finally {
  concluded = true
}
// What a scenario or an environment file left open (a timer, a socket) must not keep us here once everything is said.
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit()
