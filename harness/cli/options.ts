import { type Command, InvalidArgumentError, Option } from 'commander'
import { readDurationMs, readPerSec } from '../core/units.ts'

/** Options that most commands take, after reading. */
export type CommonOptions = {
  readonly env: string
  readonly set: readonly string[]
  readonly seed: number | null
  readonly budgetSec: number | null
  readonly quick: boolean
  readonly out: string | null
  readonly open: boolean
  readonly json: boolean
  readonly fail: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

type Raw = {
  readonly env?: string
  readonly set?: readonly string[]
  readonly seed?: number
  readonly budget?: number
  readonly quick?: boolean
  readonly out?: string
  readonly open?: boolean
  readonly json?: boolean
  readonly fail?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

/** Adds the options of commands that put load on a system. */
export function withRunOptions(command: Command): Command {
  return withScenarioOptions(command)
    .addOption(
      new Option('--budget <duration>', 'time the whole command may take, e.g. 5m').argParser(readBudgetSec),
    )
    .addOption(
      new Option('--out <folder>', 'write the run here instead of reports/<id>').argParser(readFolder),
    )
    .option('--open', 'open the report when it is written')
}

/** Adds the options that say what is rehearsed. */
export function withScenarioOptions(command: Command): Command {
  return withSettings(command)
    .option(
      '--env <name|file>',
      'what to rehearse: "embedded" (the sample shop) or a file with defineEnvironment({ app })',
      'embedded',
    )
    .option('--seed <number>', "seed of arrivals and choices (default: the scenario's)", readSeed)
    .option('--quick', 'a shorter surge and fewer steps, stamped "QUICK: not for sign-off"')
}

/** Adds `--set`, and the options of every command. */
export function withSettings(command: Command): Command {
  return withOutputOptions(command).option(
    '--set <path=value>',
    'change one setting, e.g. topology.database.cpu=0.6 or traffic.peak=2x (repeatable)',
    (value: string, before: string[]) => [...before, value],
    [],
  )
}

/** Adds the options of every command that prints a result. */
export function withOutputOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on standard output, progress on standard error')
    .option('--no-fail', 'exit 0 on any trustworthy answer')
    .option('--quiet', 'no progress')
    .option('--verbose', 'stack traces with errors')
}

export function commonOptions(raw: Raw): CommonOptions {
  return {
    env: raw.env ?? 'embedded',
    set: raw.set ?? [],
    seed: raw.seed ?? null,
    budgetSec: raw.budget ?? null,
    quick: raw.quick ?? false,
    out: raw.out ?? null,
    open: raw.open ?? false,
    json: raw.json ?? false,
    fail: raw.fail ?? true,
    quiet: raw.quiet ?? false,
    verbose: raw.verbose ?? false,
  }
}

function readFolder(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must name a folder.')
  return text
}

function readSeed(text: string): number {
  const seed = Number(text)
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 31)
    throw new InvalidArgumentError('It must be a whole number from 0 to 2147483648.')
  return seed
}

const SHORTEST_BUDGET_SEC = 60
const LONGEST_BUDGET_SEC = 7200

function readBudgetSec(text: string): number {
  const ms = readDurationMs(text)
  if (ms === null) throw new InvalidArgumentError('It must be a duration such as 5m or 150s.')
  if (ms < SHORTEST_BUDGET_SEC * 1000 || ms > LONGEST_BUDGET_SEC * 1000)
    throw new InvalidArgumentError('It must be between 60s and 120m.')
  return ms / 1000
}

const MOST_REPEATS = 9

/** How often the winner has to prove itself. */
export function readRepeat(text: string): number {
  const times = Number(text)
  if (!Number.isInteger(times) || times < 1 || times > MOST_REPEATS)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_REPEATS}.`)
  return times
}

/** "50/s" as shoppers per second. */
export function readRate(text: string): number {
  const perSec = readPerSec(text)
  if (perSec === null || perSec <= 0) throw new InvalidArgumentError('It must be a rate such as 50/s.')
  return perSec
}
