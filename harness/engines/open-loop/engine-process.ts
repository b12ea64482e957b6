import { basename } from 'node:path'
import { startClock } from '../../clock.ts'
import { HarnessError } from '../../core/errors.ts'
import { DEFAULT_HTTP, type HttpPlan } from '../../core/plan.ts'
import { type LoadedScenario, loadScenario } from '../../scenario-file.ts'
import { checkTarget, type TargetGuard, targetGuard } from '../target-guard.ts'
import { drivePlan } from './drive-plan.ts'
import { exactAlarm } from './exact-alarm.ts'
import { http1Transport } from './http1/http1-transport.ts'
import { errorFacts, type FromEngine, type ToEngine } from './messages.ts'
import { Samples } from './samples.ts'
import type { Scheduler } from './scheduler.ts'
import { selfMeter } from './self-meter.ts'
import { ShopperNumbers } from './shopper-numbers.ts'
import { timerScheduler } from './timer-scheduler.ts'
import type { Transport } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

/**
 * The load engine's own process. It serves one harness over IPC, one drive at a time, keeps its code warm between
 * drives, and ends when the harness is gone.
 */
type Opened = {
  readonly loaded: LoadedScenario
  readonly headers: readonly string[]
  readonly runId: string
  readonly guard: TargetGuard
  readonly system: 'ours' | 'theirs' | undefined
  readonly scheduler: Scheduler
  readonly samples: Samples
}

let opened: Opened | null = null
let drives = 0
const numbers = new ShopperNumbers()
let current: { readonly stop: AbortController; readonly enough: AbortController } | null = null
let kept: { readonly key: string; readonly transport: Transport } | null = null
let refusedNow: (error: HarnessError) => void = () => {}

function tell(message: FromEngine): void {
  // A harness that is gone hears nothing; this process ends with the channel.
  process.send?.(message, undefined, undefined, () => {})
}

async function open(message: Extract<ToEngine, { kind: 'open' }>): Promise<void> {
  opened = {
    loaded: await loadScenario(message.scenarioPath),
    headers: [
      'accept',
      'application/json',
      'user-agent',
      `doorbuster/${message.version}`,
      'x-doorbuster-run',
      message.runId,
    ],
    runId: message.runId,
    guard: targetGuard(message.ownedHosts),
    system: message.system,
    scheduler: timerScheduler(startClock(BigInt(message.t0Ns)), exactAlarm),
    samples: new Samples(),
  }
  tell({ kind: 'opened' })
}

async function drive({ plan, url }: Extract<ToEngine, { kind: 'drive' }>): Promise<void> {
  if (!opened || current)
    throw new HarnessError({ code: 'bug', message: 'The load engine was asked out of turn.' })
  const open = opened
  const { loaded, runId, guard, system, scheduler, samples } = open
  if (plan.scenarioHash !== loaded.hash) {
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `${loaded.path} is not the file the plan was made from.`,
      where: loaded.path,
      hint: 'It was changed meanwhile: start the command again.',
    })
  }
  const control = { stop: new AbortController(), enough: new AbortController() }
  const meter = selfMeter()
  current = control
  try {
    await checkTarget(guard, url)
    const end = await drivePlan({
      plan,
      scenario: loaded.scenario,
      origin: new URL(url).origin,
      keySeed: keySeed(`${runId} ${drives++}`),
      numbers,
      scheduler,
      samples,
      meter,
      openTransport: (refused) => transportTo(plan.http ?? DEFAULT_HTTP, url, open, refused),
      started: (startUs) => tell({ kind: 'started', startUs }),
      batch: (batch) => tell({ kind: 'batch', batch }),
      posts: loaded.scenario.sideEffectsStubbed || (system ?? systemAt(guard, url)) === 'ours',
      enough: control.enough.signal,
      signal: control.stop.signal,
    })
    tell({ kind: 'end', end })
  } finally {
    current = null
    meter.close()
  }
}

/**
 * The transport to a site, kept from drive to drive while it is asked for the same: a step that follows another finds
 * connections open, as it would in the middle of a surge.
 */
function transportTo(
  http: HttpPlan,
  url: string,
  { guard, scheduler, headers }: Opened,
  refused: (error: HarnessError) => void,
): Transport {
  refusedNow = refused
  const key = JSON.stringify([url, http])
  if (kept?.key === key) return kept.transport
  void kept?.transport.close()
  const refuse = (error: HarnessError) => refusedNow(error)
  const tls = { rejectUnauthorized: http.certificates === 'verified' }
  const transport =
    http.client === 'undici'
      ? undiciTransport(url, guard, refuse, headers, tls)
      : http1Transport(url, guard, scheduler, refuse, {
          headers,
          timeoutMs: http.timeoutMs,
          maxBodyBytes: http.maxBodyBytes,
          connections: http.connections,
          tls,
        })
  kept = { key, transport }
  return transport
}

/** Whose system answers there when nobody said so: what runs on this machine is ours. */
function systemAt(guard: TargetGuard, url: string): 'ours' | 'theirs' {
  return guard.isThisMachine(new URL(url).hostname) ? 'ours' : 'theirs'
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo): another number for every drive of every run. */
function keySeed(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

function failed(error: unknown): void {
  tell({ kind: 'failed', error: errorFacts(error) })
}

setInterval(() => tell({ kind: 'alive' }), 1000)

/** What a journey left behind, a promise or a timer, and nobody caught. */
function thrownAside(error: unknown): void {
  const scenario = opened?.loaded.path
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const said = error instanceof Error ? error.message : String(error)
  if (scenario === undefined || error instanceof HarnessError || !stack.includes(basename(scenario))) {
    process.stderr.write(`${stack || said}\n`)
    process.exit(1)
  }
  failed(
    new HarnessError({
      code: 'invalid-scenario',
      message: `The scenario left something behind that failed, and nobody caught it: ${said}`,
      where:
        stack
          .split('\n')
          .find((line) => line.includes(basename(scenario)))
          ?.trim() ?? scenario,
      hint: 'Await every promise of a journey, and start no timers in it: think time passes by itself.',
      cause: error,
    }),
  )
}
process.on('uncaughtException', thrownAside)
process.on('unhandledRejection', thrownAside)

process.on('message', (message: ToEngine) => {
  if (message.kind === 'open') open(message).catch(failed)
  else if (message.kind === 'drive') drive(message).catch(failed)
  else if (message.kind === 'enough') current?.enough.abort()
  else current?.stop.abort()
})
process.on('disconnect', () => process.exit(0))
// A harness that was killed while this process came up has told nobody who listened.
if (!process.connected) process.exit(0)
// Ctrl-C reaches the whole process group; the harness decides what happens to the load.
process.on('SIGINT', () => {})
