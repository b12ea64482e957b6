import { z } from 'zod'
import type { ServerReading } from '../core/record.ts'
import type { Probe } from '../ports.ts'
import { openTextSource } from './http-text.ts'

const TIMEOUT_MS = 900

const balancerStats = z.object({
  inFlight: z.number(),
  queued: z.number(),
  requests: z.number(),
  responses: z.number(),
  errors: z.number(),
  serviceMsSum: z.number(),
  upstreamMsSum: z.number(),
  servers: z.array(
    z.object({
      name: z.string(),
      inFlight: z.number(),
      queued: z.number(),
      requests: z.number(),
      responses: z.number(),
      errors: z.number(),
      responseMsSum: z.number(),
    }),
  ),
})

type Stats = z.infer<typeof balancerStats>
type ServerStats = Stats['servers'][number]

/** What the embedded balancer counts: requests, its queue, the time at servers, and each server's share. */
export const balancerProbe: Probe = {
  name: 'balancer',
  intervalMs: 1000,
  async open(endpoints, clock) {
    const source = openTextSource(TIMEOUT_MS)
    let before: { readonly stats: Stats; readonly atUs: number } | null = null
    return {
      async sample() {
        const balancer = endpoints.balancer()
        const text = balancer ? await source.get(balancer.statsUrl) : null
        if (balancer === null || text === null) return []
        const stats = readStats(text)
        if (stats === null) return []
        const atUs = clock.nowUs()
        const last = before
        before = { stats, atUs }
        // Counters that went back belong to a balancer that was restarted: a new baseline.
        if (last === null || stats.requests < last.stats.requests || atUs <= last.atUs) return []
        const values = readValues(stats, last.stats, (atUs - last.atUs) / 1e6)
        const servers = stats.servers.map((server) =>
          readServer(
            server,
            last.stats.servers.find(({ name }) => name === server.name),
          ),
        )
        return [
          { atUs, probe: 'balancer', role: 'balancer', component: balancer.component, values, servers },
        ] as const
      },
      close: () => source.close(),
    }
  },
}

function readStats(text: string): Stats | null {
  try {
    return balancerStats.parse(JSON.parse(text))
  } catch {
    return null
  }
}

function readValues(now: Stats, before: Stats, elapsedSec: number): Record<string, number> {
  const responses = now.responses - before.responses
  const values: Record<string, number> = {
    inFlight: now.inFlight,
    queued: now.queued,
    requestsPerSec: (now.requests - before.requests) / elapsedSec,
    errorsPerSec: (now.errors - before.errors) / elapsedSec,
  }
  if (responses > 0) {
    values['serviceMsMean'] = (now.serviceMsSum - before.serviceMsSum) / responses
    values['upstreamMsMean'] = (now.upstreamMsSum - before.upstreamMsSum) / responses
  }
  return values
}

/** Counts since the previous reading; a server that was added (again) in between counts from zero. */
function readServer(now: ServerStats, known: ServerStats | undefined): ServerReading {
  const before = known && known.requests <= now.requests ? known : null
  const responses = now.responses - (before?.responses ?? 0)
  return {
    server: now.name,
    inFlight: now.inFlight,
    queued: now.queued,
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    responseMsMean: responses > 0 ? (now.responseMsSum - (before?.responseMsSum ?? 0)) / responses : 0,
  }
}
