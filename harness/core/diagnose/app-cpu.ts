import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals, Signals } from './signals.ts'
import { cpuTestimony, cpuWords, isLoopHeld, isSaturated, ms, onCpuTestimony } from './testimony.ts'

/** An event loop that is never idle, or late by this much, is at its limit. */
const LOOP_BUSY = 0.9
const LOOP_LATE_MS = 50

/**
 * The app servers use up their CPU: more of them are needed, or less work in each page. Or they compute so long at a time
 * that all others wait, whatever the CPU is on average: the event loop is one worker.
 */
export const appCpu: Rule = {
  class: 'app-cpu',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'up', 'cache.single-flight': 'none' },
  decisive: 'app.scale-out',
  assess(signals) {
    const { database, app } = signals
    const cpu = app?.cpu ?? null
    const held = !isSaturated(cpu) && isLoopHeld(signals)
    const servers = app?.components.length ?? 0
    return weigh(
      [
        [3, held ? heldTestimony(signals) : cpuTestimony('app', cpu, 'saturated')],
        [1, held ? null : loopTestimony(app)],
        [2.5, cpuTestimony('database', database?.cpu ?? null, 'spare')],
        [2, onCpuTestimony(database, 'few')],
      ],
      [
        cpu === null && "the app's CPU was not measured",
        cpu !== null && !isSaturated(cpu) && !held && `the app used only ${cpuWords(cpu)}`,
        held &&
          signals.shopper.held &&
          'its event loop stands still at times, and shoppers are served as promised',
        held && isSaturated(database?.cpu ?? null) && "the database's CPU is at its limit as well",
        // Two resources at their limit in a row: the queue stands before the one that cannot follow.
        isSaturated(database?.cpu ?? null) &&
          onCpuTestimony(database, 'many')?.supports === true &&
          (app?.pool?.waiting ?? 0) >= 1 &&
          'requests queue behind it, for the database, whose CPU is at its limit',
      ],
      {
        resource: app?.components.join(', ') ?? null,
        says: held
          ? `the app's event loop: something holds it for up to ${ms(app?.loopDelayP99Ms ?? 0)} at a time, and every other request waits`
          : cpu
            ? `app CPU: ${cpuWords(cpu)}${servers > 1 ? ` on ${servers} servers` : ''}`
            : 'app CPU',
      },
    )
  },
}

function heldTestimony({ app, promisedMs }: Signals): Evidence {
  const lateMs = app?.loopDelayP99Ms ?? 0
  return {
    layer: 'app',
    metric: 'loopDelayP99Ms',
    value: lateMs,
    unit: 'ms',
    threshold: promisedMs,
    supports: lateMs >= promisedMs,
    says: `the app's event loop stands still for up to ${ms(lateMs)}; shoppers are promised ${ms(promisedMs)}`,
  }
}

function loopTestimony(app: AppSignals | null): Evidence | null {
  if (!app || (app.loopBusyRatio === null && app.loopDelayP99Ms === null)) return null
  const busy = app.loopBusyRatio ?? 0
  const lateMs = app.loopDelayP99Ms ?? 0
  const byDelay = app.loopBusyRatio === null || (busy < LOOP_BUSY && lateMs >= LOOP_LATE_MS)
  return {
    layer: 'app',
    metric: byDelay ? 'loopDelayP99Ms' : 'loopBusyRatio',
    value: byDelay ? lateMs : busy,
    unit: byDelay ? 'ms' : 'ratio',
    threshold: byDelay ? LOOP_LATE_MS : LOOP_BUSY,
    supports: busy >= LOOP_BUSY || lateMs >= LOOP_LATE_MS,
    says: `the app's event loop is ${Math.round(busy * 100)} % busy and up to ${Math.round(lateMs)} ms late`,
  }
}
