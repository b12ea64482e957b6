import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HarnessError } from './core/errors.ts'
import { nearest } from './core/input/nearest.ts'
import { problemLines } from './core/input/problem.ts'
import type { Scenario } from './core/scenario.ts'
import { readScenario } from './core/scenario-input.ts'
import { readDataFile } from './data-files/read-data-file.ts'
import { readReplayTimes } from './data-files/read-replay-times.ts'
import { importFailure, importUserModule } from './import-user-module.ts'

export type LoadedScenario = {
  readonly scenario: Scenario
  /** Absolute path of the module. */
  readonly path: string
  /** SHA-256 of the module's text and of the files it names, in hex. What the module imports is not part of it. */
  readonly hash: string
}

const INSTALLATION = fileURLToPath(new URL('../', import.meta.url))
const SCENARIOS = join(INSTALLATION, 'scenarios')
const SOURCE = /\.(ts|mts|js|mjs)$/

/**
 * Loads a scenario by its name ("black-friday", one that comes with Doorbuster) or by the path of a module.
 * Rejects with a HarnessError `invalid-scenario` that lists every problem at once. TypeScript needs tsx registered.
 */
export async function loadScenario(pathOrName: string): Promise<LoadedScenario> {
  const path = findScenario(pathOrName)
  const hash = createHash('sha256').update(readFileSync(path))
  const folder = dirname(path)
  const reading = readScenario(exported(await importModule(path)), {
    times: readReplayTimes(folder, hash),
    data: (file) => readDataFile(folder, file, hash),
  })
  if (reading.ok) return { scenario: reading.scenario, path, hash: hash.digest('hex') }
  const { problems } = reading
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `${problems.length === 1 ? '1 problem' : `${problems.length} problems`} in ${basename(path)}:\n${problemLines(problems)}`,
    where: path,
    hint: 'Mend them all, then check with: npm run -s doorbuster -- validate <scenario>',
  })
}

function findScenario(pathOrName: string): string {
  const known = knownScenarios()
  if (known.includes(pathOrName)) return join(SCENARIOS, `${pathOrName}.ts`)
  const path = resolve(pathOrName)
  if (isFile(path)) {
    if (SOURCE.test(path)) return path
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `${pathOrName} is not a module: a scenario is a .ts, .mts, .js or .mjs file`,
      where: path,
      hint: 'Start from one that works: scenarios/black-friday.ts',
    })
  }
  const meant = nearest(pathOrName, known)
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `there is no scenario "${pathOrName}"${meant ? `: did you mean "${meant}"?` : ''}`,
    where: path,
    hint: `Known are ${known.join(', ')}; or give the path of a module that exports defineScenario({ … }).`,
  })
}

/** Names of the scenarios that come with Doorbuster: those at the top, and "known/…" with a planted bottleneck. */
function knownScenarios(): readonly string[] {
  const names = (folder: string) =>
    readdirSync(join(SCENARIOS, folder))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => `${folder}${file.slice(0, -'.ts'.length)}`)
  return [...names(''), ...(existsSync(join(SCENARIOS, 'known')) ? names('known/') : [])]
}

/** Whether a scenario comes with Doorbuster: its journeys are the sample shop's. */
export function isSampleShops(path: string): boolean {
  return path.startsWith(SCENARIOS)
}

async function importModule(path: string): Promise<unknown> {
  try {
    return await importUserModule({ what: 'the scenario', path })
  } catch (cause) {
    const { says, hint } = importFailure('A scenario', cause)
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `the scenario's module could not be loaded\n  ${says}`,
      where: path,
      hint,
      cause,
    })
  }
}

/** The default export; a module that was loaded as CommonJS wraps it once more. */
function exported(module: unknown): unknown {
  const first = property(module, 'default')
  return property(first, '__esModule') === true ? property(first, 'default') : first
}

function property(holder: unknown, key: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
