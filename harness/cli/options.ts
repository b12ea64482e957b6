import { type Command, InvalidArgumentError, Option } from 'commander'
import { readDurationMs, readPerSec } from '../core/units.ts'

/** Options that most commands take, after reading. */
export type CommonOptions = {
  readonly env: string
  readonly attach: AttachOptions
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

/** What the command line says of a system that is up already, and of the pages to ask there; nothing by default. */
export type AttachOptions = {
  readonly target: string | null
  readonly postgres: string | null
  readonly postgresCores: number | null
  readonly prometheus: readonly string[]
  readonly haproxyStats: string | null
  readonly pgbouncer: string | null
  readonly redis: string | null
  readonly replica: readonly string[]
  readonly allowDdl: boolean
  readonly ownedHosts: readonly string[]
  readonly gets: readonly string[]
  readonly normal: string | null
  readonly peak: string
  readonly lasts: string
}

type Raw = {
  readonly target?: string
  readonly postgres?: string
  readonly postgresCores?: number
  readonly prometheus?: readonly string[]
  readonly haproxyStats?: string
  readonly pgbouncer?: string
  readonly redis?: string
  readonly replica?: readonly string[]
  readonly allowDdl?: boolean
  readonly iOwnThisTarget?: readonly string[]
  readonly get?: readonly string[]
  readonly normal?: string
  readonly peak?: string
  readonly lasts?: string
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

const OWN_SITE = { peak: '12x', lasts: '45s' } as const

const each = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** Adds what says where a system is that is up already, without its load. */
function withProbeOptions(command: Command): Command {
  return command
    .optionsGroup('A system that is up already:')
    .option('--postgres <env:NAME>', 'the variable with the connection string of its database')
    .addOption(
      new Option('--postgres-cores <number>', "cores of the database's machine").argParser(readCores),
    )
    .option('--replica <env:NAME>', 'the same of a read replica (repeatable)', each, [])
    .option('--prometheus <url>', "the app's metrics (repeatable)", each, [])
    .option('--haproxy-stats <url>', "HAProxy's statistics page")
    .option('--pgbouncer <env:NAME>', "the variable with the connection string of PgBouncer's console")
    .option('--redis <env:NAME>', 'the variable with the address of Redis')
}

/** Adds the options for a system that is up already, and for its pages. */
function withTargetOptions(command: Command): Command {
  return withProbeOptions(command)
    .option('--target <url>', 'load this site, which Doorbuster did not start')
    .option(
      '--get <path>',
      'a page each visitor asks for, in this order (repeatable): no scenario is needed',
      each,
      [],
    )
    .option('--normal <rate>', 'with --get: visitors at normal times, e.g. 5/s')
    .option('--peak <rate>', `with --get: visitors at the peak, e.g. 60/s or 12x (default ${OWN_SITE.peak})`)
    .option('--lasts <duration>', `with --get: length of the surge (default ${OWN_SITE.lasts})`)
    .option(
      '--i-own-this-target <host>',
      'a host beyond this machine that is yours to overload (repeatable)',
      each,
      [],
    )
    .option(
      '--allow-ddl',
      'tables for what shoppers were told may be made in its database, in a schema of their own',
    )
    .optionsGroup('Options:')
}

/** Adds the options of `watch`. */
export function withWatchOptions(command: Command): Command {
  return withProbeOptions(withFolderOptions(withOutputOptions(command)))
    .optionsGroup('Options:')
    .option('--env <file>', 'a file with defineEnvironment({ postgres, … })', 'embedded')
}

/** Adds the options that say where the run goes. */
function withFolderOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--out <folder>', 'write the run here instead of reports/<id>').argParser(readFolder),
    )
    .option('--open', 'open the report when it is written')
}

/** Adds the options of commands that put load on a system. */
export function withRunOptions(command: Command): Command {
  return withFolderOptions(
    withTargetOptions(withScenarioOptions(command)).addOption(
      new Option('--budget <duration>', 'time the whole command may take, e.g. 5m').argParser(readBudgetSec),
    ),
  )
}

/** Adds the options that say what is rehearsed. */
export function withScenarioOptions(command: Command): Command {
  return withSettings(command)
    .option(
      '--env <name|file>',
      'what to rehearse: "embedded" (the sample shop), "compose" (the same in containers), or a file with defineEnvironment({ app })',
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
    attach: {
      target: raw.target ?? null,
      postgres: raw.postgres ?? null,
      postgresCores: raw.postgresCores ?? null,
      prometheus: raw.prometheus ?? [],
      haproxyStats: raw.haproxyStats ?? null,
      pgbouncer: raw.pgbouncer ?? null,
      redis: raw.redis ?? null,
      replica: raw.replica ?? [],
      allowDdl: raw.allowDdl ?? false,
      ownedHosts: raw.iOwnThisTarget ?? [],
      gets: raw.get ?? [],
      normal: raw.normal ?? null,
      peak: raw.peak ?? OWN_SITE.peak,
      lasts: raw.lasts ?? OWN_SITE.lasts,
    },
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

const MOST_CORES = 1024

function readCores(text: string): number {
  const cores = Number(text)
  if (!(cores > 0) || cores > MOST_CORES)
    throw new InvalidArgumentError(`It must be a number of cores up to ${MOST_CORES}.`)
  return cores
}

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
