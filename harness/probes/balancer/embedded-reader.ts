import { z } from 'zod'
import { openTextSource } from '../http-text.ts'
import type { BalancerReader } from './balancer-counts.ts'

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
      responseTimes: z.array(z.number()),
    }),
  ),
})

/** The embedded balancer's own figures, by HTTP. */
export function embeddedReader(statsUrl: string): BalancerReader {
  const source = openTextSource(TIMEOUT_MS)
  return {
    async read() {
      const text = await source.get(statsUrl)
      if (text === null) return null
      try {
        return balancerStats.parse(JSON.parse(text))
      } catch {
        return null
      }
    },
    close: () => source.close(),
  }
}
