import { z } from 'zod'
import type { PrometheusSource } from '../core/attached.ts'
import type { Probe, Reading } from '../ports.ts'
import { sumOverLabels } from './app-metrics.ts'
import { openTextSource, type TextSource } from './http-text.ts'
import { readPrometheusText } from './prometheus-text.ts'

const TIMEOUT_MS = 900

/** As a Prometheus server answers an instant query. */
const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.enum(['vector', 'scalar']),
    result: z.union([
      z.array(z.object({ value: z.tuple([z.number(), z.string()]) })),
      z.tuple([z.number(), z.string()]),
    ]),
  }),
})

/** Readings of the app under names of its user's own: gauges of a metrics page, and what a Prometheus server answers. */
export const namedMetricsProbe: Probe = {
  name: 'named metrics',
  intervalMs: 1000,
  async open(endpoints, clock) {
    const source = openTextSource(TIMEOUT_MS)
    return {
      async sample() {
        const sources = endpoints.outside?.prometheus ?? []
        const each = await Promise.all(
          sources.map(async (one, i): Promise<Reading[]> => {
            const values = await valuesOf(source, one)
            const component = one.kind === 'endpoint' ? `app-${i + 1}` : 'app'
            return Object.keys(values).length === 0
              ? []
              : [{ atUs: clock.nowUs(), probe: 'app', role: 'app', component, values }]
          }),
        )
        return each.flat()
      },
      close: () => source.close(),
    }
  },
}

async function valuesOf(source: TextSource, one: PrometheusSource): Promise<Record<string, number>> {
  if (one.kind === 'query') {
    const value = await ask(source, one.url, one.query)
    return value === null ? {} : { [one.as]: value }
  }
  const named = Object.entries(one.gauges)
  const text = named.length === 0 ? null : await source.get(one.url)
  if (text === null) return {}
  const sums = sumOverLabels(readPrometheusText(text))
  return Object.fromEntries(
    named.flatMap(([reading, metric]) => {
      const value = sums.get(metric)
      return value === undefined ? [] : [[reading, value]]
    }),
  )
}

/** The sum of what the expression gives; `null`: nothing, or no number. */
async function ask(source: TextSource, server: string, query: string): Promise<number | null> {
  const url = new URL(server)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/query`
  url.searchParams.set('query', query)
  const text = await source.get(url.href)
  if (text === null) return null
  try {
    const { resultType, result } = answer.parse(JSON.parse(text)).data
    const values =
      resultType === 'scalar'
        ? [Number(result[1])]
        : (result as readonly { readonly value: readonly [number, string] }[]).map(({ value }) =>
            Number(value[1]),
          )
    const sum = values.reduce((total, value) => total + value, 0)
    return values.length > 0 && Number.isFinite(sum) ? sum : null
  } catch {
    return null
  }
}
