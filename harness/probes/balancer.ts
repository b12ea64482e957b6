import { fromPairs, quantileUs } from '../core/measure/histogram.ts'
import type { ServerReading } from '../core/record.ts'
import type { BalancerEndpoint, Probe } from '../ports.ts'
import type { BalancerCounts, BalancerReader, ServerCounts } from './balancer/balancer-counts.ts'
import { embeddedReader } from './balancer/embedded-reader.ts'
import { haproxyPageReader } from './balancer/haproxy-page-reader.ts'
import { haproxyReader } from './balancer/haproxy-reader.ts'

/** What the balancer counts, embedded or HAProxy: requests, its queue, the time at servers, and each server's share. */
export const balancerProbe: Probe = {
  name: 'balancer',
  intervalMs: 1000,
  async open(endpoints, clock) {
    let reading: { readonly place: string; readonly reader: BalancerReader } | null = null
    let before: { readonly counts: BalancerCounts; readonly atUs: number } | null = null
    const readerOf = async (balancer: BalancerEndpoint): Promise<BalancerReader> => {
      const place = balancer.engine === 'haproxy' ? balancer.statsSocket : balancer.statsUrl
      if (reading?.place === place) return reading.reader
      await reading?.reader.close()
      before = null
      reading = {
        place,
        reader: openReader(balancer),
      }
      return reading.reader
    }
    return {
      async sample() {
        const balancer = endpoints.balancer()
        const counts = balancer ? await (await readerOf(balancer)).read() : null
        if (balancer === null || counts === null) return []
        const atUs = clock.nowUs()
        const last = before
        before = { counts, atUs }
        // Counters that went back belong to a balancer that was restarted: a new baseline.
        if (last === null || counts.requests < last.counts.requests || atUs <= last.atUs) return []
        const values = readValues(counts, last.counts, (atUs - last.atUs) / 1e6)
        const servers = counts.servers.map((server) =>
          readServer(
            server,
            last.counts.servers.find(({ name }) => name === server.name),
          ),
        )
        return [
          { atUs, probe: 'balancer', role: 'balancer', component: balancer.component, values, servers },
        ] as const
      },
      close: async () => reading?.reader.close(),
    }
  },
}

function openReader(balancer: BalancerEndpoint): BalancerReader {
  switch (balancer.engine) {
    case 'embedded':
      return embeddedReader(balancer.statsUrl)
    case 'haproxy':
      return haproxyReader(balancer.statsSocket, balancer.requestsRing)
    case 'haproxy-page':
      return haproxyPageReader(balancer.statsUrl)
  }
}

function readValues(now: BalancerCounts, before: BalancerCounts, elapsedSec: number): Record<string, number> {
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
function readServer(now: ServerCounts, known: ServerCounts | undefined): ServerReading {
  const before = known && known.requests <= now.requests ? known : null
  const responses = now.responses - (before?.responses ?? 0)
  return {
    server: now.name,
    inFlight: now.inFlight,
    queued: now.queued,
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    responseMsMean: responses > 0 ? (now.responseMsSum - (before?.responseMsSum ?? 0)) / responses : 0,
    ...percentiles(now.responseTimes, before?.responseTimes ?? []),
  }
}

/** Of the times recorded between two readings of a histogram that only grows. */
function percentiles(
  now: readonly number[],
  before: readonly number[],
): Pick<ServerReading, 'responseMsP50' | 'responseMsP95' | 'responseMsP99'> {
  const earlier = new Map<number, number>()
  for (let i = 0; i + 1 < before.length; i += 2) earlier.set(before[i]!, before[i + 1]!)
  const since: number[] = []
  for (let i = 0; i + 1 < now.length; i += 2) {
    const count = now[i + 1]! - (earlier.get(now[i]!) ?? 0)
    if (count > 0) since.push(now[i]!, count)
  }
  if (since.length === 0) return {}
  const times = fromPairs(since)
  const ms = (q: number): number => (quantileUs(times, q) ?? 0) / 1000
  return { responseMsP50: ms(0.5), responseMsP95: ms(0.95), responseMsP99: ms(0.99) }
}
