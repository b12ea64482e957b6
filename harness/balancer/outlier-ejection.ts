import type { Backend } from './backend.ts'
import type { BalancerConfig } from './config.ts'

/** The error share of a server is looked at each time it has been sent this many requests. */
const JUDGED_AT_ONCE = 50
/** An ejection lasts at most this many times as long as the first. */
const LONGEST = 16

/**
 * Passive health: a server whose answers fail is left out for a while. Without it a server that fails at once looks idle,
 * and least-connections sends it nearly everything.
 */
export class OutlierEjection {
  private readonly afterFailures: number
  private readonly aboveShare: number
  private readonly forMs: number
  private readonly maxShare: number

  constructor(config: BalancerConfig) {
    this.afterFailures = config.ejectAfterFailures ?? Number.POSITIVE_INFINITY
    this.aboveShare = config.ejectAboveErrorShare ?? Number.POSITIVE_INFINITY
    this.forMs = config.ejectForMs
    this.maxShare = config.maxEjectedShare
  }

  /** Takes note of one answer (or failure) of a server; says whether it was ejected for it. */
  judge(server: Backend, failed: boolean, nowMs: number, servers: readonly Backend[]): boolean {
    // What it answers while it is out was sent before: nothing new is learnt from it.
    if (server.ejectedUntilMs > nowMs) return false
    server.judged++
    if (failed) {
      server.failed++
      server.failuresInARow++
    } else {
      server.failuresInARow = 0
      server.ejectionsInARow = 0
    }
    // A server that is back from an ejection is on probation: one more failure is enough.
    const tooManyInARow =
      server.failuresInARow >= (server.ejectionsInARow > 0 ? 1 : this.afterFailures) &&
      this.afterFailures !== Number.POSITIVE_INFINITY
    const tooLargeAShare = server.judged >= JUDGED_AT_ONCE && server.failed / server.judged > this.aboveShare
    if (server.judged >= JUDGED_AT_ONCE) {
      server.judged = 0
      server.failed = 0
    }
    return (tooManyInARow || tooLargeAShare) && this.eject(server, nowMs, servers)
  }

  private eject(server: Backend, nowMs: number, servers: readonly Backend[]): boolean {
    let out = 1
    for (const other of servers) if (other.ejectedUntilMs > nowMs) out++
    if (out > Math.floor(this.maxShare * servers.length + 1e-9)) return false
    const forMs = this.forMs * Math.min(LONGEST, 2 ** server.ejectionsInARow)
    server.ejections++
    server.ejectionsInARow++
    server.failuresInARow = 0
    server.ejectedUntilMs = nowMs + forMs
    server.outUntilMs = Math.max(server.outUntilMs, server.ejectedUntilMs)
    return true
  }
}
