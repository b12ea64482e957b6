import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenProbe } from '../ports.ts'
import { appProbe } from './app.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function appServing(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

async function open(apps: { component: string; metricsUrl: string | null }[], clock = setClock()) {
  const probe: OpenProbe = await appProbe.open(fakeEndpoints({ apps: () => apps }), clock)
  cleanups.push(() => probe.close())
  return { probe, clock }
}

function metricsText(over: { scale: number; waiting?: number }): string {
  const { scale, waiting = 3 } = over
  return `
shop_pool_max 10
shop_pool_total 8
shop_pool_idle 2
shop_pool_waiting ${waiting}
shop_pool_wait_seconds_bucket{le="+Inf"} ${100 * scale}
shop_pool_wait_seconds_sum ${5 * scale}
shop_pool_wait_seconds_count ${100 * scale}
shop_pool_held_seconds_sum ${2 * scale}
shop_pool_held_seconds_count ${100 * scale}
shop_pool_timeouts_total ${scale}
shop_connections_refused_total ${4 * scale}
shop_query_seconds_sum{name="product"} ${1 * scale}
shop_query_seconds_count{name="product"} ${100 * scale}
shop_query_seconds_sum{name="best-sellers"} ${3 * scale}
shop_query_seconds_count{name="best-sellers"} ${20 * scale}
shop_event_loop_delay_p99_seconds 0.012
shop_event_loop_utilisation 0.5
shop_cache_hits_total{page="home"} ${80 * scale}
shop_cache_misses_total{page="home"} ${6 * scale}
shop_cache_misses_total{page="product"} ${4 * scale}
shop_cache_shared_total{page="home"} ${2 * scale}
shop_requests_total{route="GET /",status="200"} ${40 * scale}
shop_requests_total{route="GET /",status="500"} ${2 * scale}
`
}

describe('the app probe', () => {
  it('gives gauges at once, and rates and means from the second reading on', async () => {
    let scale = 1
    const metricsUrl = await appServing((_req, res) => res.end(metricsText({ scale })))
    const { probe, clock } = await open([{ component: 'app-1', metricsUrl }])
    const [first] = await probe.sample()
    expect(first?.values).toEqual({
      poolMax: 10,
      poolTotal: 8,
      poolIdle: 2,
      poolWaiting: 3,
      loopDelayP99Ms: 12,
      loopBusyRatio: 0.5,
    })
    scale = 2
    clock.setUs(2_000_000)
    const [second] = await probe.sample()
    expect(second).toMatchObject({ atUs: 2_000_000, probe: 'app', role: 'app', component: 'app-1' })
    expect(second?.values).toMatchObject({
      poolWaitMsMean: 50,
      poolAcquiresPerSec: 50,
      poolHeldMsMean: 20,
      poolTimeoutsPerSec: 0.5,
      connectionsRefusedPerSec: 2,
      queryMsMean: 4000 / 120,
      queriesPerSec: 60,
      requestsPerSec: 21,
      cacheHitsPerSec: 40,
      cacheMissesPerSec: 5,
      cacheSharedPerSec: 1,
    })
  })

  it('takes counters that went back as a new baseline, and a mean of nothing as absent', async () => {
    let scale = 5
    const metricsUrl = await appServing((_req, res) => res.end(metricsText({ scale })))
    const { probe, clock } = await open([{ component: 'app-1', metricsUrl }])
    await probe.sample()
    scale = 1
    clock.setUs(1_000_000)
    expect((await probe.sample())[0]?.values).not.toHaveProperty('requestsPerSec')
    clock.setUs(2_000_000)
    const [third] = await probe.sample()
    expect(third?.values).toMatchObject({ requestsPerSec: 0, poolAcquiresPerSec: 0 })
    expect(third?.values).not.toHaveProperty('poolWaitMsMean')
  })

  it('reads the instances that answer while others are gone, silent, broken or without metrics', async () => {
    const well = await appServing((_req, res) => res.end(metricsText({ scale: 1 })))
    const silent = await appServing(() => {})
    const broken = await appServing((_req, res) => res.writeHead(500).end('shop_pool_max 1'))
    const strange = await appServing((_req, res) => res.end('<html>'))
    const gone = 'http://127.0.0.1:1/metrics'
    const { probe } = await open([
      { component: 'app-1', metricsUrl: silent },
      { component: 'app-2', metricsUrl: broken },
      { component: 'app-3', metricsUrl: gone },
      { component: 'app-4', metricsUrl: strange },
      { component: 'app-5', metricsUrl: null },
      { component: 'app-6', metricsUrl: well },
    ])
    expect((await probe.sample()).map(({ component }) => component)).toEqual(['app-6'])
  })
})
