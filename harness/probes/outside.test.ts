import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutsideEndpoints, Probe, Reading } from '../ports.ts'
import { requires } from '../testing/requires.ts'
import { balancerProbe } from './balancer.ts'
import { namedMetricsProbe } from './named-metrics.ts'
import { redisProbe } from './redis.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'

const NOTHING: OutsideEndpoints = { haproxy: null, prometheus: [] }

/** The second of two readings a second apart, `between` them something happens. */
async function second(
  probe: Probe,
  endpoints: Parameters<typeof fakeEndpoints>[0],
  between: () => Promise<void> = async () => {},
): Promise<readonly Reading[]> {
  const clock = setClock()
  const open = await probe.open(fakeEndpoints(endpoints), clock)
  try {
    for (let i = 0; i < 100 && (await open.sample()).length === 0 && probe !== balancerProbe; i++)
      await delay(50)
    await between()
    clock.setUs(clock.nowUs() + 1_000_000)
    return await open.sample()
  } finally {
    await open.close()
  }
}

const listening = async (server: Server): Promise<string> => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  const url = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return Number(new URL(url).port)
}

describe('metrics under names of their own', () => {
  it('are gauges of a page, and what a Prometheus server answers, summed', async () => {
    const server = createServer((request, answer) => {
      if (request.url?.startsWith('/api/v1/query?query=sum')) {
        const result = [{ metric: {}, value: [1, '7'] }]
        answer.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
      } else answer.end('hikari_pending{pool="a"} 3\nhikari_pending{pool="b"} 2\n')
    })
    const url = await listening(server)
    try {
      const readings = await second(namedMetricsProbe, {
        outside: {
          ...NOTHING,
          prometheus: [
            {
              kind: 'endpoint',
              url: `${url}/metrics`,
              gauges: { poolWaiting: 'hikari_pending', poolMax: 'absent' },
            },
            { kind: 'query', url, query: 'sum(x)', as: 'poolMax' },
          ],
        },
      })
      expect(readings.map(({ component, values }) => [component, values])).toEqual([
        ['app-1', { poolWaiting: 5 }],
        ['app', { poolMax: 7 }],
      ])
    } finally {
      server.close()
    }
  })
})

const haproxy = requires('haproxy')
describe.skipIf(haproxy.skip)("an HAProxy's statistics page", () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-page-'))
  let child: ChildProcess
  let shop: Server
  let front = ''
  let page = ''
  beforeAll(async () => {
    shop = createServer((_, answer) => answer.end('ok'))
    const backend = new URL(await listening(shop)).port
    const [web, stats] = [await freePort(), await freePort()]
    front = `http://127.0.0.1:${web}`
    page = `http://admin:geheim@127.0.0.1:${stats}/stats`
    const config = `defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${web}
  default_backend shop
backend shop
  server one 127.0.0.1:${backend}
listen page
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
  stats auth admin:geheim
`
    writeFileSync(join(folder, 'haproxy.cfg'), config)
    child = spawn(haproxy.path, ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
    for (let i = 0; i < 100; i++) {
      if (
        await fetch(front).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return
      await delay(50)
    }
    throw new Error('HAProxy does not answer')
  })
  afterAll(() => {
    child?.kill()
    shop?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('tells the requests of the backend behind it, with its password in a header', async () => {
    const balancer = () => ({ component: 'haproxy', engine: 'haproxy-page', statsUrl: page }) as const
    const [reading] = await second(balancerProbe, { balancer }, async () => {
      for (let i = 0; i < 5; i++) await (await fetch(front)).text()
    })
    expect(reading).toMatchObject({
      component: 'haproxy',
      values: { requestsPerSec: 5, errorsPerSec: 0, queued: 0 },
      servers: [{ server: 'one', requests: 5, errors: 0 }],
    })
  })
})

const server = requires('redis')
describe.skipIf(server.skip)('Redis', () => {
  it('tells its clients, its memory and what it was asked for', async () => {
    const port = await freePort()
    const child = spawn(server.path, ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
      stdio: 'ignore',
    })
    try {
      const cache = () => ({ component: 'redis', url: `redis://127.0.0.1:${port}` })
      const [reading] = await second(redisProbe, { cache })
      expect(reading).toMatchObject({ probe: 'redis', role: 'cache', component: 'redis' })
      expect(reading!.values['clients']).toBeGreaterThanOrEqual(1)
      expect(reading!.values['memoryMb']).toBeGreaterThan(0)
      expect(reading!.values['commandsPerSec']).toBeGreaterThan(0)
    } finally {
      child.kill()
    }
  })
})
