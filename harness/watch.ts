import { spawn } from 'node:child_process'
import { availableParallelism, totalmem } from 'node:os'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startClock } from './clock.ts'
import { HarnessError } from './core/errors.ts'
import { generatorEnd } from './core/generator-end.ts'
import type { RunData } from './core/run-data.ts'
import { readRun } from './core/run-data.ts'
import { DEFAULT_TOPOLOGY } from './core/topology.ts'
import type { Clock, Environment, Probe } from './ports.ts'
import { startSampling } from './probes/sampling.ts'
import { readDataFacts } from './read-data-facts.ts'
import { createRun, type RunFolder } from './store.ts'
import { VERSION } from './version.ts'

export type WatchRequest = {
  readonly environment: Environment
  readonly probes: readonly Probe[]
  /** The load generator: a program and its arguments, run without a shell. */
  readonly command: readonly string[]
  /** Options that say what is watched, without secrets. */
  readonly attach: readonly string[]
  /** `--env` as it was given. */
  readonly env: string
  readonly reports: string
  readonly out: string | null
  readonly interrupt: AbortSignal
  readonly say: (text: string) => void
}

/** How the database is without the load: what comes later is held against it. */
const CALM_SEC = 4
/** The last reading tells of the last second. */
const AFTER_SEC = 1.2
/** After Ctrl-C a generator may still want to print its summary. */
const SUMMARY_MS = 10_000

/**
 * Samples while somebody else's program drives the load, `act` then answers from the record. The program sees our standard
 * input, what it says goes to standard error. Rejects when it cannot be started; how it ends is a fact of the record.
 */
export async function watch<T>(
  request: WatchRequest,
  act: (folder: RunFolder, run: RunData, clock: Clock) => T,
): Promise<T> {
  const { command, interrupt, say } = request
  const program = basename(command[0] ?? '')
  const clock = startClock()
  const folder = createRun({
    reports: request.reports,
    out: request.out,
    name: `watch-${program}`,
    now: new Date(),
  })
  writeHeader(folder, program, request)
  folder.publish()
  let down = async () => {}
  let stopSampling = async () => {}
  try {
    const running = await request.environment.up(
      { topology: DEFAULT_TOPOLOGY, app: NOTHING_TO_START, clock },
      () => {},
      interrupt,
    )
    down = () => running.down()
    const { attached, isolation } = running
    if (attached) {
      folder.write({ kind: 'attached', atUs: clock.nowUs(), ...attached })
      for (const { what, cost } of attached.missing) say(`missing: ${what}: ${cost}`)
    }
    folder.write({ kind: 'arm', atUs: clock.nowUs(), arm: 0, fixes: [], topology: null, isolation })
    const data = await readDataFacts(running.query)
    if (data) folder.write({ kind: 'data', atUs: clock.nowUs(), ...data })
    const sampling = await startSampling(request.probes, running.endpoints, clock, (reading) =>
      folder.write({ kind: 'series', ...reading }),
    )
    stopSampling = () => sampling.stop()
    say(`watching for ${CALM_SEC} s without the load`)
    await delay(CALM_SEC * 1000, undefined, { signal: interrupt }).catch(() => {})
    if (interrupt.aborted) throw interruptedBefore(folder)
    say(`starting ${program}: its numbers are its own`)
    const startUs = clock.nowUs()
    const exitCode = await driven(command, interrupt)
    const endUs = clock.nowUs()
    const watched = { program, startUs, endUs, exitCode }
    say(generatorEnd(watched))
    await delay(AFTER_SEC * 1000)
    folder.write({ kind: 'watched', ...watched })
    await stopSampling()
    const run = readRun(folder.lines)
    if (!run) throw new HarnessError({ code: 'bug', message: 'the record has no header' })
    return act(folder, run, clock)
  } catch (error) {
    const exitCode = error instanceof HarnessError ? error.exitCode : 70
    const reason = error instanceof Error ? error.message : String(error)
    folder.write({ kind: 'end', atUs: clock.nowUs(), exitCode, reason })
    throw error
  } finally {
    await stopSampling().catch(() => {})
    await down()
    folder.close()
  }
}

const NOTHING_TO_START = { name: '', command: [], env: {}, cwd: '.', readyPath: '/' } as const

/** The load is not ours: no scenario, no promise, no rate is known of it. */
function writeHeader(folder: RunFolder, program: string, { env, attach }: WatchRequest): void {
  folder.write({
    kind: 'header',
    schema: 1,
    run: folder.id,
    command: 'watch',
    version: VERSION,
    startedAt: new Date().toISOString(),
    scope: 'attached',
    scenario: {
      name: `watch-${program}`,
      question: `What binds while ${program} drives the load?`,
      path: '',
      hash: '',
      seed: 0,
      curveLabel: `the load of ${program}`,
      normalPerSec: 0,
      peakPerSec: 0,
      journeys: [],
      patience: { timeoutMs: 0, reloads: 0 },
      slo: {},
      keepHeadroom: 0,
    },
    machine: {
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 2 ** 20),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      speed: 1,
    },
    options: { quick: false, budgetSec: 0, env, set: [], attach },
  })
}

/** Runs the generator to its end and resolves with its exit code, `null` when a signal ended it. */
function driven([program = '', ...args]: readonly string[], interrupt: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // A session of its own: Ctrl-C reaches it once, from us, and not a second time from the terminal.
    const child = spawn(program, args, { stdio: ['inherit', 2, 2], detached: true })
    let killing: NodeJS.Timeout | undefined
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-child.pid!, name)
      } catch {
        // It has ended meanwhile.
      }
    }
    const onInterrupt = () => {
      signal('SIGINT')
      killing = setTimeout(() => signal('SIGKILL'), SUMMARY_MS)
    }
    // However this process leaves, the load ends.
    const onExit = () => signal('SIGKILL')
    process.on('exit', onExit)
    child.once('spawn', () => {
      interrupt.addEventListener('abort', onInterrupt, { once: true })
      if (interrupt.aborted) onInterrupt()
    })
    const settle = () => {
      clearTimeout(killing)
      process.off('exit', onExit)
      interrupt.removeEventListener('abort', onInterrupt)
    }
    child.once('error', (cause: NodeJS.ErrnoException) => {
      settle()
      reject(
        new HarnessError({
          code: 'usage',
          message: `the load generator could not be started: ${cause.code === 'ENOENT' ? `there is no program "${program}"` : cause.message}`,
          where: program,
          hint: 'Write it as in the shell, after two dashes: watch --postgres env:DATABASE_URL -- k6 run peak.js',
          cause,
        }),
      )
    })
    child.once('exit', (code) => {
      settle()
      // Helpers it started may not have heard of it.
      if (interrupt.aborted) signal('SIGTERM')
      resolve(code)
    })
  })
}

function interruptedBefore({ path }: Pick<RunFolder, 'path'>): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'interrupted before the load', where: path })
}
