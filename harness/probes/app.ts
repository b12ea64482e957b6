import type { Endpoints, Probe, Reading } from '../ports.ts'
import { type AppMetrics, readAppMetrics, sumOverLabels } from './app-metrics.ts'
import { openTextSource } from './http-text.ts'
import { readPrometheusText } from './prometheus-text.ts'

/** Under the interval: an answer that takes a second says nothing about that second. */
const TIMEOUT_MS = 900

type Before = { readonly metrics: AppMetrics; readonly atUs: number; readonly url: string }

/** What the app says of itself: pool, queries, event loop, requests. One reading for each instance that answers in time. */
export const appProbe: Probe = {
  name: 'app',
  intervalMs: 1000,
  async open(endpoints, clock) {
    const source = openTextSource(TIMEOUT_MS)
    const befores = new Map<string, Before>()

    async function read({
      component,
      metricsUrl,
    }: ReturnType<Endpoints['apps']>[number]): Promise<Reading | null> {
      const text = metricsUrl === null ? null : await source.get(metricsUrl)
      if (text === null || metricsUrl === null) return null
      const atUs = clock.nowUs()
      const metrics = sumOverLabels(readPrometheusText(text))
      const before = befores.get(component)
      befores.set(component, { metrics, atUs, url: metricsUrl })
      // Another address is another process, whose counters started elsewhere.
      const comparable = before && before.url === metricsUrl ? before : null
      const values = readAppMetrics(
        metrics,
        comparable?.metrics ?? null,
        (atUs - (comparable?.atUs ?? atUs)) / 1e6,
      )
      return Object.keys(values).length === 0 ? null : { atUs, probe: 'app', role: 'app', component, values }
    }

    return {
      async sample() {
        const readings = await Promise.all(endpoints.apps().map(read))
        return readings.filter((reading) => reading !== null)
      },
      close: () => source.close(),
    }
  },
}
