import { recordUs } from '../core/measure/histogram.ts'
import type { Balancing, PickContext } from './algorithms/balancing.ts'
import { balancing } from './algorithms.ts'
import { type Backend, newBackend } from './backend.ts'
import type { BalancerConfig, ServerEntry, ServerList } from './config.ts'
import { OutlierEjection } from './outlier-ejection.ts'

/** A server that refuses connections is left out for this long. */
const OUT_MS = 1000
/** A failed request counts as this slow, or the server that fails fastest would draw all the load. */
const FAILURE_COUNTS_AS_MS = 1000
/** Share of its share that a server gets when its slow start begins. */
const COLD = 0.1

/** What became of a request at a server. `left`: the client went away; it says nothing about the server. */
export type BackendEnd = 'answered' | 'failed' | 'left'

/** The servers, who may take the next request, and who has to wait for a free place. */
export class Backends {
  private readonly byAddress: boolean
  private readonly balancing: Balancing
  private readonly maxPerServer: number
  private readonly slowStartMs: number
  private readonly ejection: OutlierEjection | null
  private servers: readonly Backend[] = []
  private leaving: readonly Backend[] = []
  /** Until then some server may not have its full share. */
  private warmAtMs = 0

  constructor(config: BalancerConfig) {
    this.byAddress = config.algorithm === 'ip-hash'
    this.balancing = balancing(config.algorithm, Math.random)
    this.maxPerServer = config.maxConnectionsPerServer ?? Number.POSITIVE_INFINITY
    this.slowStartMs = config.slowStartMs
    const ejects = config.ejectAfterFailures !== null || config.ejectAboveErrorShare !== null
    this.ejection = ejects ? new OutlierEjection(config) : null
    this.servers = config.servers.map(newBackend)
  }

  all(): readonly Backend[] {
    return this.servers
  }

  /** Servers taken off the list that have requests left. */
  draining(): readonly Backend[] {
    this.leaving = this.leaving.filter(({ inFlight }) => inFlight > 0)
    return this.leaving
  }

  /** Replaces the list. A server that stays keeps its connections; one that goes finishes what it has. */
  replace(list: ServerList, nowMs: number): void {
    const before = this.servers
    this.servers = list.map((entry) => this.keptOrNew(before, entry, nowMs))
    const gone = before.filter((old) => !this.servers.includes(old))
    for (const old of gone) old.pool.close().catch(() => {})
    this.leaving = [...this.draining(), ...gone.filter(({ inFlight }) => inFlight > 0)]
  }

  private keptOrNew(before: readonly Backend[], entry: ServerEntry, nowMs: number): Backend {
    const old = before.find(({ name, url }) => name === entry.name && url === entry.url)
    if (!old) {
      const added = newBackend(entry)
      this.warmUp(added, nowMs)
      return added
    }
    old.fullWeight = entry.weight
    old.weight = entry.weight
    return old
  }

  /** The server this request should go to now, or `null` when it has to wait for a place. */
  pick(context: PickContext, not: Backend | null): Backend | null {
    const fit = this.fit(context.nowMs, not)
    if (this.byAddress) {
      const server = this.balancing.pick(fit, context)
      return server.inFlight < this.maxPerServer ? server : null
    }
    if (this.maxPerServer === Number.POSITIVE_INFINITY) return this.balancing.pick(fit, context)
    const free = fit.filter((server) => server.inFlight < this.maxPerServer)
    return free.length === 0 ? null : this.balancing.pick(free, context)
  }

  /** The server a request waits for: with ip-hash one of them, else whichever is free first (`null`). */
  waitsFor(context: PickContext): Backend | null {
    return this.byAddress ? this.balancing.pick(this.fit(context.nowMs, null), context) : null
  }

  began(server: Backend): void {
    server.inFlight++
    server.requests++
  }

  ended(server: Backend, end: BackendEnd, status: number | null, tookMs: number, nowMs: number): void {
    server.inFlight--
    this.judge(server, end, status, tookMs, nowMs)
  }

  /** The server took over the connection (101): its place stays taken until `tunnelClosed`. */
  tunnelOpened(server: Backend, tookMs: number, nowMs: number): void {
    server.tunnels++
    this.judge(server, 'answered', 101, tookMs, nowMs)
  }

  tunnelClosed(server: Backend): void {
    server.tunnels--
    server.inFlight--
  }

  /** It refused a connection. */
  refused(server: Backend, nowMs: number): void {
    server.outUntilMs = Math.max(server.outUntilMs, nowMs + OUT_MS)
    this.warmUp(server, server.outUntilMs)
  }

  /** Its share begins small at `fromMs` and is full after the slow start. */
  warmUp(server: Backend, fromMs: number): void {
    if (this.slowStartMs === 0) return
    server.warmAtMs = fromMs + this.slowStartMs
    this.warmAtMs = Math.max(this.warmAtMs, server.warmAtMs)
  }

  /** Whether there is a server besides this one, for a second try. */
  hasOther(server: Backend): boolean {
    return this.servers.some((other) => other !== server)
  }

  close(): void {
    for (const { pool } of [...this.servers, ...this.leaving]) pool.destroy().catch(() => {})
    this.servers = []
    this.leaving = []
  }

  private judge(
    server: Backend,
    end: BackendEnd,
    status: number | null,
    tookMs: number,
    nowMs: number,
  ): void {
    if (end === 'left') return
    const failed = end === 'failed' || (status !== null && status >= 500)
    if (failed) server.errors++
    if (end === 'answered') {
      server.responses++
      server.responseMsSum += tookMs
      recordUs(server.responseTimes, tookMs * 1000)
    }
    this.balancing.observe(server.name, failed ? Math.max(tookMs, FAILURE_COUNTS_AS_MS) : tookMs, nowMs)
    if (this.ejection === null) return
    // "Not implemented" and "version not supported" speak of the request, not of the server.
    const bad = failed && status !== 501 && status !== 505
    if (this.ejection.judge(server, bad, nowMs, this.servers)) this.warmUp(server, server.outUntilMs)
  }

  /** Those not left out; when all are, all of them: to refuse everything for a second would be our outage, not theirs. */
  private fit(nowMs: number, not: Backend | null): readonly Backend[] {
    if (this.warmAtMs > 0) this.weigh(nowMs)
    if (not === null && this.servers.every((server) => isFit(server, nowMs))) return this.servers
    const others = this.servers.filter((server) => server !== not)
    const fit = others.filter((server) => isFit(server, nowMs))
    return fit.length > 0 ? fit : others
  }

  private weigh(nowMs: number): void {
    for (const server of this.servers) {
      const warmth = 1 - (server.warmAtMs - nowMs) / this.slowStartMs
      server.weight = server.fullWeight * Math.min(1, Math.max(COLD, warmth))
    }
    if (nowMs >= this.warmAtMs) this.warmAtMs = 0
  }
}

function isFit(server: Backend, nowMs: number): boolean {
  return server.healthy && server.outUntilMs <= nowMs
}
