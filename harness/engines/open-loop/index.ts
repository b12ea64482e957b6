import manifest from '../../../package.json' with { type: 'json' }
import { HarnessError } from '../../core/errors.ts'
import type { EngineEnd } from '../../core/record.ts'
import type { Engine, SlotSink } from '../../ports.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type EngineChild, startEngineChild } from './engine-child.ts'
import { errorFromFacts, type FromEngine } from './messages.ts'

export type OpenLoopOptions = {
  /** Hosts beyond this machine that the user may overload (`--i-own-this-target`). */
  readonly ownedHosts?: readonly string[]
  /**
   * Whether Doorbuster started the system it loads. To a system of theirs no POST is sent unless the scenario says that
   * side effects are stubbed. Default: ours on a loopback address, theirs elsewhere.
   */
  readonly system?: 'ours' | 'theirs'
}

/** A drive in progress. */
type Driving = {
  readonly sink: SlotSink
  readonly started: (startUs: number) => void
  readonly end: Deferred<EngineEnd>
}

/** The engine says every second that it lives; one that was stopped for a while, or starved, comes back before this. */
const SILENT_SEC = 20

/** A stopped engine that does not answer within this time is ended. */
const STOP_WITHIN_MS = 1000

/**
 * The open-loop engine: shoppers arrive when the plan says, whatever the shop does. It lives in a process of its own,
 * kept for the whole command, so that neither reports nor probes delay a click.
 */
export function openLoopEngine({ ownedHosts = [], system }: OpenLoopOptions = {}): Engine {
  let child: EngineChild | null = null
  let opening: Deferred<void> | null = null
  let driving: Driving | null = null
  let death: HarnessError | null = null
  let silentSec = 0

  const fail = (error: HarnessError): void => {
    opening?.reject(error)
    driving?.end.reject(error as Error)
  }
  const died = (error: HarnessError): void => {
    death = error
    fail(error)
  }

  const message = (from: FromEngine): void => {
    silentSec = 0
    try {
      hear(from)
    } catch (error) {
      // The record could not be written (the disk is full): without it the load is for nothing.
      child?.send({ kind: 'stop' })
      driving?.end.reject(error as Error)
    }
  }

  const hear = (from: FromEngine): void => {
    if (from.kind === 'opened') opening?.resolve()
    else if (from.kind === 'failed') fail(errorFromFacts(from.error))
    else if (from.kind === 'started') driving?.started(from.startUs)
    else if (from.kind === 'end') driving?.end.resolve(from.end)
    else if (from.kind === 'batch' && driving) {
      for (const slot of from.batch.slots) driving.sink.slot(slot)
      for (const lag of from.batch.sendLags) driving.sink.sendLag(lag)
      for (const reading of from.batch.series) driving.sink.series(reading)
      for (const order of from.batch.orders) driving.sink.order(order)
      for (const unknown of from.batch.unknownOrders) driving.sink.unknownOrder(unknown)
    }
  }

  return {
    open: async (scenarioPath, runId, clock) => {
      if (child) throw new HarnessError({ code: 'bug', message: 'The load engine is open already.' })
      opening = deferred()
      child = await startEngineChild({ message, died })
      child.send({
        kind: 'open',
        scenarioPath,
        runId,
        version: manifest.version,
        t0Ns: String(clock.t0Ns),
        ownedHosts,
        ...(system && { system }),
      })
      try {
        await opening.promise
      } catch (error) {
        await child.end()
        child = null
        throw error
      }
      return { pid: child.pid }
    },

    drive: async (plan, url, sink, started, signal, enough) => {
      if (death) throw death
      if (!child || driving) throw new HarnessError({ code: 'bug', message: 'The load engine is not free.' })
      driving = { sink, started, end: deferred() }
      const { end } = driving
      let patience: NodeJS.Timeout | undefined
      silentSec = 0
      // Counted, not timed: while this process is held up, the engine's messages wait unread.
      const watchdog = setInterval(() => {
        if (++silentSec >= SILENT_SEC) end.reject(silent())
      }, 1000)
      const stop = (): void => {
        child?.send({ kind: 'stop' })
        patience = setTimeout(() => end.reject(interrupted()), STOP_WITHIN_MS)
      }
      const endEarly = (): void => child?.send({ kind: 'enough' })
      try {
        if (signal.aborted) throw interrupted()
        enough?.addEventListener('abort', endEarly, { once: true })
        signal.addEventListener('abort', stop, { once: true })
        child.send({ kind: 'drive', plan, url })
        if (enough?.aborted) endEarly()
        return await end.promise
      } finally {
        clearInterval(watchdog)
        clearTimeout(patience)
        signal.removeEventListener('abort', stop)
        enough?.removeEventListener('abort', endEarly)
        driving = null
      }
    },

    close: async () => {
      await child?.end()
      child = null
    },
  }
}

function interrupted(): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'The load was stopped before its end.' })
}

function silent(): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `The load engine has not answered for ${SILENT_SEC} s.`,
    where: 'load engine',
    hint: 'Most often a journey or a generate() of the scenario that never returns; else its process was stopped.',
  })
}
