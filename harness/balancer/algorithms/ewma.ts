import type { Balancing, Chance } from './balancing.ts'
import { cheaperOfTwo } from './two-choices.ts'

/** Memory of a time measured once; Finagle's default is 10 s, which is longer than a step of ours lasts. */
const DECAY_MS = 3000
/** Cost of a server that has a request and never answered one: it gets one to try, then waits for the answer. */
const UNKNOWN_MS = 1e6

type Memory = { costMs: number; atMs: number }

/**
 * Peak EWMA (Finagle's `PeakEwma`): of two servers drawn by chance the one with the lower
 * response time × (requests in flight + 1). A slower answer counts at once, a faster one by and by.
 */
export function peakEwma(chance: Chance): Balancing {
  const memories = new Map<string, Memory>()
  return {
    pick(servers, { nowMs }) {
      return cheaperOfTwo(servers, chance, ({ name, inFlight }) => {
        const memory = memories.get(name)
        if (memory === undefined) return inFlight === 0 ? 0 : UNKNOWN_MS + inFlight
        return decayed(memory, nowMs) * (inFlight + 1)
      })
    },
    observe(server, responseMs, nowMs) {
      const memory = memories.get(server)
      if (memory === undefined) {
        memories.set(server, { costMs: responseMs, atMs: nowMs })
        return
      }
      const weight = keeps(memory, nowMs)
      memory.costMs =
        responseMs > memory.costMs ? responseMs : memory.costMs * weight + responseMs * (1 - weight)
      memory.atMs = nowMs
    },
  }
}

/** What is left of the remembered time: a server that was slow once and is not asked any more must get a chance again. */
function decayed(memory: Memory, nowMs: number): number {
  return memory.costMs * keeps(memory, nowMs)
}

function keeps(memory: Memory, nowMs: number): number {
  return Math.exp(-Math.max(0, nowMs - memory.atMs) / DECAY_MS)
}
