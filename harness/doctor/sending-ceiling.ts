import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startClock } from '../clock.ts'
import { HarnessError } from '../core/errors.ts'
import { fromPairs, quantileUs } from '../core/measure/histogram.ts'
import { DEFAULT_HTTP, type LoadPlan } from '../core/plan.ts'
import type { Engine } from '../ports.ts'
import { loadScenario } from '../scenario-file.ts'

export type SendingCeiling = {
  /** The highest rate that was sent on time, requests/s; `null`: not even the lowest that was tried. */
  readonly perSec: number | null
  /** Send lag p99 at that rate, ms. */
  readonly sendLagP99Ms: number | null
  /** CPU of the engine at that rate, in cores. */
  readonly cpuCores: number | null
  /** The lowest rate that was not; `null`: all that were tried were. */
  readonly brokeAtPerSec: number | null
}

/** A request is on time when 99 % go out within this: half of what a rehearsal allows. */
export const ON_TIME_MS = 5
const STEP_SEC = 1.5
const RATES = [1000, 2000, 4000, 6000, 9000, 13_000, 18_000, 24_000, 30_000, 38_000, 48_000] as const
/** One bad second of the machine fails a step: it is given another chance. */
const TRIES = 2

/** Drives ever more requests at a server on this machine that costs next to nothing, until they go out late. */
export async function sendingCeiling(
  engine: Engine,
  events: { readonly trying: (perSec: number) => void; readonly signal: AbortSignal },
): Promise<SendingCeiling> {
  const scenario = fileURLToPath(new URL('./one-click-scenario.ts', import.meta.url))
  const { hash } = await loadScenario(scenario)
  const server = await startAnswering()
  let best: SendingCeiling = { perSec: null, sendLagP99Ms: null, cpuCores: null, brokeAtPerSec: null }
  try {
    await engine.open(scenario, 'doctor', startClock())
    const drive = async (perSec: number, seed: number) => {
      const end = await engine.drive(
        planOf(perSec, seed, scenario, hash),
        server.url,
        { slot: () => {}, sendLag: () => {}, series: () => {}, order: () => {}, unknownOrder: () => {} },
        () => {},
        events.signal,
      )
      const lagMs = (quantileUs(fromPairs(end.sendLagUs), 0.99) ?? Number.POSITIVE_INFINITY) / 1000
      return { lagMs, onTime: lagMs <= ON_TIME_MS && end.clicksDone === end.clicksIntended, end }
    }
    // Code that was never run is compiled first, and connections are opened: not what a surge finds later on.
    await drive(RATES[1], 0)
    for (const perSec of RATES) {
      events.trying(perSec)
      let sent = await drive(perSec, 1)
      for (let seed = 2; !sent.onTime && seed <= TRIES; seed++) sent = await drive(perSec, seed)
      if (!sent.onTime) return { ...best, brokeAtPerSec: perSec }
      best = { perSec, sendLagP99Ms: sent.lagMs, cpuCores: sent.end.cpuCores, brokeAtPerSec: null }
    }
    return best
  } finally {
    await engine.close()
    server.end()
  }
}

async function startAnswering(): Promise<{ readonly url: string; readonly end: () => void }> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(fileURLToPath(new URL('./answering-process.ts', import.meta.url)), [], {
    execArgv: ['--import', tsx],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { readonly port: number }) => resolve(message.port))
    child.once('exit', (code) =>
      reject(
        new HarnessError({
          code: 'environment',
          message: `the server to send to did not start: it ended with ${code}`,
        }),
      ),
    )
  })
  return {
    url: `http://127.0.0.1:${port}`,
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}

function planOf(perSec: number, seed: number, scenarioPath: string, scenarioHash: string): LoadPlan {
  return {
    purpose: 'step',
    seed,
    curve: [
      { atSec: 0, perSec },
      { atSec: STEP_SEC, perSec },
    ],
    arrivals: { kind: 'poisson' },
    scenarioPath,
    scenarioHash,
    journeys: [{ name: 'one click', weight: 1, thinkTime: { kind: 'fixed', ms: 0 } }],
    http: DEFAULT_HTTP,
    patience: { timeoutMs: 5000, reloads: 0 },
    fillSec: 0,
    partition: { index: 0, of: 1 },
    limits: { maxInFlight: 20_000, maxPerSec: RATES.at(-1)!, maxDurationSec: 60 },
    ending: 'cut',
    graceMs: 5000,
  }
}
