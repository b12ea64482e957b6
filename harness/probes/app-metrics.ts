import type { MetricSample } from './prometheus-text.ts'

/** As the sample shop names its metrics; what an app does not have simply gives no reading. Times are in seconds, as Prometheus asks. */
const SHOP_METRICS = {
  poolMax: 'shop_pool_max',
  poolTotal: 'shop_pool_total',
  poolIdle: 'shop_pool_idle',
  poolWaiting: 'shop_pool_waiting',
  poolWaitSeconds: 'shop_pool_wait_seconds',
  poolHeldSeconds: 'shop_pool_held_seconds',
  poolTimeouts: 'shop_pool_timeouts_total',
  connectionsRefused: 'shop_connections_refused_total',
  querySeconds: 'shop_query_seconds',
  loopDelayP99Seconds: 'shop_event_loop_delay_p99_seconds',
  loopBusyRatio: 'shop_event_loop_utilisation',
  requests: 'shop_requests_total',
  cacheHits: 'shop_cache_hits_total',
  cacheMisses: 'shop_cache_misses_total',
  cacheShared: 'shop_cache_shared_total',
} as const

/** An app's metrics at one moment, each summed over its labels. */
export type AppMetrics = ReadonlyMap<string, number>

/** Adds up the samples of each metric over its labels; what is not a finite number is left out. */
export function sumOverLabels(samples: readonly MetricSample[]): AppMetrics {
  const sums = new Map<string, number>()
  for (const { name, value } of samples) {
    if (Number.isFinite(value)) sums.set(name, (sums.get(name) ?? 0) + value)
  }
  return sums
}

/**
 * The app's values of READINGS. Gauges are those of `now`; means and rates are over the `elapsedSec` since `before`, and
 * absent without a `before`, when nothing happened, or when a counter went back (the instance was restarted).
 */
export function readAppMetrics(
  now: AppMetrics,
  before: AppMetrics | null,
  elapsedSec: number,
): Record<string, number> {
  const names = SHOP_METRICS
  const values: Record<string, number> = {}
  const give = (name: string, value: number | null | undefined) => {
    if (value !== null && value !== undefined) values[name] = value
  }
  const delta = (metric: string): number | null => {
    const [to, from] = [now.get(metric), before?.get(metric)]
    return to === undefined || from === undefined || to < from ? null : to - from
  }
  const perSec = (metric: string) => {
    const count = delta(metric)
    return count === null || elapsedSec <= 0 ? null : count / elapsedSec
  }
  const meanMs = (histogram: string) => {
    const [sum, count] = [delta(`${histogram}_sum`), delta(`${histogram}_count`)]
    return sum === null || count === null || count === 0 ? null : (1000 * sum) / count
  }

  give('poolMax', now.get(names.poolMax))
  give('poolTotal', now.get(names.poolTotal))
  give('poolIdle', now.get(names.poolIdle))
  give('poolWaiting', now.get(names.poolWaiting))
  give('poolWaitMsMean', meanMs(names.poolWaitSeconds))
  give('poolAcquiresPerSec', perSec(`${names.poolWaitSeconds}_count`))
  give('poolHeldMsMean', meanMs(names.poolHeldSeconds))
  give('poolTimeoutsPerSec', perSec(names.poolTimeouts))
  give('connectionsRefusedPerSec', perSec(names.connectionsRefused))
  give('queryMsMean', meanMs(names.querySeconds))
  give('queriesPerSec', perSec(`${names.querySeconds}_count`))
  const loopDelaySec = now.get(names.loopDelayP99Seconds)
  give('loopDelayP99Ms', loopDelaySec === undefined ? null : 1000 * loopDelaySec)
  give('loopBusyRatio', now.get(names.loopBusyRatio))
  give('requestsPerSec', perSec(names.requests))
  give('cacheHitsPerSec', perSec(names.cacheHits))
  give('cacheMissesPerSec', perSec(names.cacheMisses))
  give('cacheSharedPerSec', perSec(names.cacheShared))
  return values
}
