import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
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

async function probeOf(answer: () => string) {
  const server = http.createServer((_req, res) => res.end(answer())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clock = setClock()
  const statsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stats`
  const probe = await balancerProbe.open(
    fakeEndpoints({ balancer: () => ({ component: 'balancer', statsUrl }) }),
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
  expect(reading?.servers).toEqual([
    { server: 'app-1', inFlight: 2, queued: 0, requests: 100, errors: 2, responseMsMean: 20 },
    { server: 'app-2', inFlight: 2, queued: 0, requests: 150, errors: 3, responseMsMean: 20 },
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
