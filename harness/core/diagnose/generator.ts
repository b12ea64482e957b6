import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { GeneratorSignals, Signals } from './signals.ts'

/** The generator sent what was intended. */
const SENT_RATIO = 0.98
const CPU_CORES = 0.8
/** A loop delay below this is a timer's own grain (20 ms) and a bit. */
const LOOP_LATE_MS = 40
const HOST_BUSY = 0.95

/** The load generator itself could not keep up: nothing measured here says anything about the shop. */
export const generator: Rule = {
  class: 'generator',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: null,
  assess(signals) {
    const own = signals.generator
    const late = own !== null && (own.sentRatio < SENT_RATIO || own.sendLagP99Ms > own.lagBoundMs)
    return weigh(
      [
        [3, own && lagTestimony(own)],
        [2, own && strainTestimony(own, signals.host)],
      ],
      [
        own === null && 'the generator was not measured',
        !late && 'the generator sent everything on time',
        own !== null &&
          !strainTestimony(own, signals.host).supports &&
          'late sends were too few to tell: the generator had CPU to spare',
      ],
      {
        resource: own?.component ?? null,
        says: own
          ? `the load generator could not keep up: ${Math.round(own.sentRatio * 100)} % sent, up to ${Math.round(own.sendLagP99Ms)} ms late`
          : 'the load generator',
      },
    )
  },
}

function lagTestimony({ sentRatio, sendLagP99Ms, lagBoundMs }: GeneratorSignals): Evidence {
  const short = sentRatio < SENT_RATIO
  return {
    layer: 'generator',
    metric: short ? 'sentRatio' : 'sendLagP99Ms',
    value: short ? sentRatio : sendLagP99Ms,
    unit: short ? 'ratio' : 'ms',
    threshold: short ? SENT_RATIO : lagBoundMs,
    supports: short || sendLagP99Ms > lagBoundMs,
    says: `${Math.round(sentRatio * 100)} % of the attempts were sent, 1 % of them ${Math.round(sendLagP99Ms)} ms late or more`,
  }
}

/** Why it would be late: its own CPU, its event loop, or a machine with nothing to spare (which is the host's layer). */
function strainTestimony({ cpuCores, loopDelayP99Ms }: GeneratorSignals, host: Signals['host']): Evidence {
  const full = host !== null && host.busyRatio >= HOST_BUSY
  return {
    layer: 'host',
    metric: cpuCores >= CPU_CORES ? 'cpuCores' : 'loopDelayP99Ms',
    value: cpuCores >= CPU_CORES ? cpuCores : loopDelayP99Ms,
    unit: cpuCores >= CPU_CORES ? 'cores' : 'ms',
    threshold: cpuCores >= CPU_CORES ? CPU_CORES : LOOP_LATE_MS,
    supports: cpuCores >= CPU_CORES || loopDelayP99Ms >= LOOP_LATE_MS || full,
    says: `the machine gave the generator ${cpuCores.toFixed(2)} cores; its event loop was up to ${Math.round(loopDelayP99Ms)} ms late${full ? '; no core was free' : ''}`,
  }
}
