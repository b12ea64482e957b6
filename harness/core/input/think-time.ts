import type { ThinkTime } from '../plan.ts'
import { readDurationMs } from '../units.ts'

const LONGEST_MS = 600_000
/** Beyond this a log-normal time is hardly ever near its median. */
const WIDEST_SIGMA = 3

/** Reads "1s", "0.3s..2s", "exponential(2s)" and "log-normal(2s, 0.8)"; `null` when the text is no think time. */
export function readThinkTime(text: string): ThinkTime | null {
  const drawn = /^\s*(exponential|log-normal)\s*\(([^,()]+)(?:,\s*(\d+(?:\.\d+)?)\s*)?\)\s*$/.exec(text)
  if (drawn) {
    const ms = readAtMost(drawn[2]!)
    const sigma = drawn[3] === undefined ? null : Number(drawn[3])
    if (ms === null) return null
    if (drawn[1] === 'exponential') return sigma === null ? { kind: 'exponential', meanMs: ms } : null
    return sigma === null || sigma > WIDEST_SIGMA ? null : { kind: 'log-normal', medianMs: ms, sigma }
  }
  const [from, to, ...more] = text.split('..').map(readAtMost)
  if (from == null || to === null || more.length > 0) return null
  if (to === undefined) return { kind: 'fixed', ms: from }
  return to < from ? null : { kind: 'uniform', minMs: from, maxMs: to }
}

function readAtMost(text: string): number | null {
  const ms = readDurationMs(text)
  return ms !== null && ms <= LONGEST_MS ? ms : null
}
