import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { AppSignals } from './signals.ts'
import { cpuTestimony, cpuWords, isSaturated, onCpuTestimony } from './testimony.ts'

/** An event loop that is never idle, or late by this much, is at its limit. */
const LOOP_BUSY = 0.9
const LOOP_LATE_MS = 50

/** The app servers use up their CPU: more of them are needed, or less work in each page. */
export const appCpu: Rule = {
  class: 'app-cpu',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'up', 'cache.single-flight': 'none' },
  decisive: 'app.scale-out',
  assess({ database, app }) {
    const cpu = app?.cpu ?? null
    const servers = app?.components.length ?? 0
    return weigh(
      [
        [3, cpuTestimony('app', cpu, 'saturated')],
        [1, loopTestimony(app)],
        [2.5, cpuTestimony('database', database?.cpu ?? null, 'spare')],
        [2, onCpuTestimony(database, 'few')],
      ],
      [
        cpu === null && "the app's CPU was not measured",
        cpu !== null && !isSaturated(cpu) && `the app used only ${cpuWords(cpu)}`,
        // Two resources at their limit in a row: the queue stands before the one that cannot follow.
        isSaturated(database?.cpu ?? null) &&
          onCpuTestimony(database, 'many')?.supports === true &&
          (app?.pool?.waiting ?? 0) >= 1 &&
          'requests queue behind it, for the database, whose CPU is at its limit',
      ],
      {
        resource: app?.components.join(', ') ?? null,
        says: cpu ? `app CPU: ${cpuWords(cpu)}${servers > 1 ? ` on ${servers} servers` : ''}` : 'app CPU',
      },
    )
  },
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
