import { Pool } from 'undici'
import type { BalancerAlgorithm } from '../core/topology.ts'
import type { Balancing, PickContext } from './algorithms/balancing.ts'
import { balancing } from './algorithms.ts'
import type { ServerList } from './config.ts'

/** A server that refuses connections is left out for this long. */
const OUT_MS = 1000
/** A failed request counts as this slow, or the server that fails fastest would draw all the load. */
const FAILURE_COUNTS_AS_MS = 1000

/** One server, with its connections and its counters since it was added. */
export type Backend = {
  readonly name: string
  readonly url: string
  readonly pool: Pool
  inFlight: number
  /** Waiting for this server and no other (ip-hash only). */
  queued: number
  requests: number
  responses: number
  errors: number
  responseMsSum: number
  outUntilMs: number
}

/** What became of a request at a server. `left`: the client went away; it says nothing about the server. */
export type BackendEnd = 'answered' | 'failed' | 'left'

/** The servers, who may take the next request, and who has to wait for a free place. */
export class Backends {
  private readonly algorithm: BalancerAlgorithm
  private readonly balancing: Balancing
  private readonly maxPerServer: number
  private servers: readonly Backend[] = []

  constructor(algorithm: BalancerAlgorithm, maxConnectionsPerServer: number | null) {
    this.algorithm = algorithm
    this.balancing = balancing(algorithm, Math.random)
    this.maxPerServer = maxConnectionsPerServer ?? Number.POSITIVE_INFINITY
  }

  all(): readonly Backend[] {
    return this.servers
  }

  /** Replaces the list. A server that stays keeps its connections; one that goes finishes what it has. */
  replace(list: ServerList): void {
    const before = this.servers
    this.servers = list.map(
      ({ name, url }) => before.find((old) => old.name === name && old.url === url) ?? newBackend(name, url),
    )
    for (const old of before) {
      if (!this.servers.includes(old)) old.pool.close().catch(() => {})
    }
  }

  /** The server this request should go to now, or `null` when it has to wait for a place. */
  pick(context: PickContext, not: Backend | null): Backend | null {
    const fit = this.healthy(context.nowMs, not)
    if (this.algorithm === 'ip-hash') {
      const server = this.balancing.pick(fit, context)
      return server.inFlight < this.maxPerServer ? server : null
    }
    const free = fit.filter((server) => server.inFlight < this.maxPerServer)
    return free.length === 0 ? null : this.balancing.pick(free, context)
  }

  /** The server a request waits for: with ip-hash one of them, else whichever is free first (`null`). */
  waitsFor(context: PickContext): Backend | null {
    return this.algorithm === 'ip-hash'
      ? this.balancing.pick(this.healthy(context.nowMs, null), context)
      : null
  }

  began(server: Backend): void {
    server.inFlight++
    server.requests++
  }

  ended(server: Backend, end: BackendEnd, status: number | null, tookMs: number, nowMs: number): void {
    server.inFlight--
    if (end === 'left') return
    const failed = end === 'failed' || (status !== null && status >= 500)
    if (failed) server.errors++
    if (end === 'answered') {
      server.responses++
      server.responseMsSum += tookMs
    }
    this.balancing.observe(server.name, failed ? Math.max(tookMs, FAILURE_COUNTS_AS_MS) : tookMs, nowMs)
  }

  /** Passive health: it refused a connection. */
  refused(server: Backend, nowMs: number): void {
    server.outUntilMs = nowMs + OUT_MS
  }

  /** Whether there is a server besides this one, for a second try. */
  hasOther(server: Backend): boolean {
    return this.servers.some((other) => other !== server)
  }

  close(): void {
    for (const { pool } of this.servers) pool.destroy().catch(() => {})
    this.servers = []
  }

  /** Those not left out; when all are, all of them: to refuse everything for a second would be our outage, not theirs. */
  private healthy(nowMs: number, not: Backend | null): readonly Backend[] {
    if (not === null && this.servers.every((server) => server.outUntilMs <= nowMs)) return this.servers
    const others = this.servers.filter((server) => server !== not)
    const fit = others.filter((server) => server.outUntilMs <= nowMs)
    return fit.length > 0 ? fit : others
  }
}

function newBackend(name: string, url: string): Backend {
  const pool = new Pool(url, {
    pipelining: 1,
    // A connection in the server's backlog is not a refusal: overload must show as waiting, as it would in production.
    connect: { timeout: 10_000 },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })
  return {
    name,
    url,
    pool,
    inFlight: 0,
    queued: 0,
    requests: 0,
    responses: 0,
    errors: 0,
    responseMsSum: 0,
    outUntilMs: 0,
  }
}
