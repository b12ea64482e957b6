import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { ServerReading } from '../core/record.ts'
import { balancerProbe } from './balancer.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function stats(scale: number, servers: readonly string[]) {
  const of = (name: string) => ({
    name,
    inFlight: 2,
    queued: 0,
    requests: 50 * scale,
    responses: 40 * scale,
    errors: scale,
    responseMsSum: 800 * scale,
    responseTimes: [10_000, 30 * scale, 50_000, 10 * scale],
  })
  return {
    inFlight: 4,
    queued: 7,
    requests: 110 * scale,
    responses: 100 * scale,
    errors: 3 * scale,
    aborted: 0,
    serviceMsSum: 3000 * scale,
    upstreamMsSum: 2500 * scale,
    servers: servers.map(of),
  }
}

/** A histogram's values are a bucket's upper end, at most 1 % above. */
function rounded(server: ServerReading): ServerReading {
  const times = { responseMsP50: 0, responseMsP95: 0, responseMsP99: 0 }
  for (const key of Object.keys(times) as (keyof typeof times)[]) times[key] = Math.round(server[key]! / 1.01)
  return { ...server, ...times }
}

async function probeOf(answer: () => string) {
  const server = http.createServer((_req, res) => res.end(answer())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clock = setClock()
  const statsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stats`
  const probe = await balancerProbe.open(
    fakeEndpoints({ balancer: () => ({ component: 'balancer', engine: 'embedded', statsUrl }) }),
    clock,
  )
  cleanups.push(() => server.close())
  cleanups.push(() => server.closeAllConnections())
  cleanups.push(() => probe.close())
  return { probe, clock, server }
}

it('gives rates and means over the time since the previous reading, and each server its share', async () => {
  let text = JSON.stringify(stats(1, ['app-1']))
  const { probe, clock } = await probeOf(() => text)
  expect(await probe.sample()).toEqual([])
  text = JSON.stringify(stats(3, ['app-1', 'app-2']))
  clock.setUs(2_000_000)
  const [reading] = await probe.sample()
  expect(reading).toMatchObject({
    atUs: 2_000_000,
    probe: 'balancer',
    role: 'balancer',
    component: 'balancer',
  })
  expect(reading?.values).toEqual({
    inFlight: 4,
    queued: 7,
    requestsPerSec: 110,
    errorsPerSec: 3,
    serviceMsMean: 30,
    upstreamMsMean: 25,
  })
  const times = { responseMsP50: 10, responseMsP95: 50, responseMsP99: 50 }
  expect(reading?.servers?.map(rounded)).toEqual([
    { server: 'app-1', inFlight: 2, queued: 0, requests: 100, errors: 2, responseMsMean: 20, ...times },
    { server: 'app-2', inFlight: 2, queued: 0, requests: 150, errors: 3, responseMsMean: 20, ...times },
  ])
})

it('begins anew after a restart, and reads nothing from one that is gone or speaks otherwise', async () => {
  let text = JSON.stringify(stats(5, ['app-1']))
  const { probe, clock, server } = await probeOf(() => text)
  await probe.sample()
  text = JSON.stringify(stats(1, ['app-1']))
  clock.setUs(1_000_000)
  expect(await probe.sample()).toEqual([])
  text = JSON.stringify(stats(2, ['app-1']))
  clock.setUs(2_000_000)
  expect((await probe.sample())[0]?.values['requestsPerSec']).toBe(110)
  text = '{"status":"fine"}'
  expect(await probe.sample()).toEqual([])
  server.closeAllConnections()
  server.close()
  expect(await probe.sample()).toEqual([])
})
