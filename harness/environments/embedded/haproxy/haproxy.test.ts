import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { FaultAct } from '../../../core/faults/fault.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../../../core/topology.ts'
import type { OpenProbe, Reading, Running } from '../../../ports.ts'
import { balancerProbe } from '../../../probes/balancer.ts'
import { requires } from '../../../testing/requires.ts'
import { embeddedEnvironment } from '../index.ts'
import { refusal } from '../testing/refusal.ts'
import { tinySpec } from '../testing/tiny-spec.ts'
import { leftAfter, tracesOf } from '../testing/traces.ts'

// Each environment takes seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

const haproxy = requires('haproxy')

function withHaproxy(over: Partial<Topology['balancer']> = {}): Topology {
  return { ...DEFAULT_TOPOLOGY, balancer: { ...DEFAULT_TOPOLOGY.balancer, engine: 'haproxy', ...over } }
}

describe.skipIf(haproxy.skip)('a shop behind HAProxy', () => {
  let running: Running
  let probe: OpenProbe
  let spec: ReturnType<typeof tinySpec>
  beforeAll(async () => {
    spec = tinySpec({ topology: withHaproxy() })
    running = await embeddedEnvironment().up(spec, () => {}, new AbortController().signal)
    probe = await balancerProbe.open(running.endpoints, spec.clock)
  })
  afterAll(async () => {
    await probe?.close()
    await running?.down()
  })

  const get = async (path: string): Promise<{ instance?: string }> => {
    const answer = await fetch(`${running.url}${path}`)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { instance?: string }
  }
  const sampled = async (): Promise<Reading> => {
    for (;;) {
      const [reading] = await probe.sample()
      if (reading) return reading
    }
  }

  test('answers, says which balancer runs, and keeps its socket to itself', async () => {
    expect(await get('/count')).toEqual({ n: 1 })
    expect(running.topology?.balancer.engine).toBe('haproxy')
    const endpoint = running.endpoints.balancer()
    expect(endpoint).toMatchObject({ component: 'balancer', engine: 'haproxy' })
    const socket = endpoint?.engine === 'haproxy' ? endpoint.statsSocket : ''
    expect(statSync(socket).mode & 0o777).toBe(0o600)
  })

  test('is read into the same series as the embedded balancer', async () => {
    await sampled()
    const clicks = 40
    await Promise.all(Array.from({ length: clicks }, () => get('/environment')))
    const reading = await sampled()
    expect(reading).toMatchObject({ probe: 'balancer', role: 'balancer', component: 'balancer' })
    expect(Object.keys(reading.values).toSorted()).toEqual(
      ['inFlight', 'queued', 'requestsPerSec', 'errorsPerSec', 'serviceMsMean', 'upstreamMsMean'].toSorted(),
    )
    expect(reading.servers).toHaveLength(1)
    const [server] = reading.servers!
    expect(server).toMatchObject({ server: 'app-1', requests: clicks, errors: 0 })
    expect(server!.responseMsP50).toBeLessThanOrEqual(server!.responseMsP99!)
  })

  test('the second server comes and goes without a shopper noticing', async () => {
    const failures: unknown[] = []
    let shopping = true
    const shoppers = Array.from({ length: 4 }, async () => {
      while (shopping) await get('/count').catch((error: unknown) => failures.push(error))
    })
    const pid = tracesOf(process.pid).list.processes.find(({ name }) => name === 'balancer')!.pid
    await running.apply([{ id: 'app.scale-out', step: 2 }])
    const seen = new Set<string | undefined>()
    for (let clicks = 0; clicks < 200 && seen.size < 2; clicks++)
      seen.add((await get('/environment')).instance)
    expect([...seen].toSorted()).toEqual(['app-1', 'app-2'])
    await sampled()
    await Promise.all(Array.from({ length: 20 }, () => get('/environment')))
    expect((await sampled()).servers?.map(({ server }) => server)).toEqual(['app-1', 'app-2'])
    await running.undo()
    shopping = false
    await Promise.all(shoppers)
    expect(failures).toEqual([])
    expect((await sampled()).servers?.map(({ server }) => server)).toEqual(['app-1'])
    // The same process all along: nothing was restarted for it.
    expect(tracesOf(process.pid).list.processes.find(({ name }) => name === 'balancer')!.pid).toBe(pid)
  })

  test('its CPU is metered', async () => {
    const readings = await running.endpoints.meter()
    expect(readings.find(({ component }) => component === 'balancer')).toMatchObject({ role: 'balancer' })
    expect(readings.find(({ component }) => component === 'balancer')!.usedUs).toBeGreaterThan(0)
  })

  test('faults kill, restart and pause it, and it answers at the same address afterwards', async () => {
    const { url } = running
    const inject = async (act: FaultAct) => {
      const injection = await running.inject!({ at: { kind: 'share', share: 0.5 }, forSec: 1, act })
      if (!injection.done) throw new Error(injection.because)
      return injection
    }
    const isBack = async () => {
      expect(running.url).toBe(url)
      expect(await get('/environment')).toMatchObject({ instance: 'app-1' })
      // Its socket is new: the probe finds it again.
      expect((await sampled()).component).toBe('balancer')
    }
    const killed = await inject({ kind: 'kill', target: 'balancer' })
    await expect(get('/environment')).rejects.toThrow('fetch failed')
    await killed.undo('goes-on')
    await isBack()
    expect(await inject({ kind: 'restart', target: 'balancer' })).toMatchObject({ momentary: true })
    await isBack()
    if (process.platform !== 'linux') return
    const paused = await inject({ kind: 'pause', target: 'balancer' })
    await expect(
      fetch(`${running.url}/environment`, { signal: AbortSignal.timeout(700) }),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
    await paused.undo('goes-on')
    await isBack()
  })

  test('its death is told, and after down nothing is left', async () => {
    const death = new Promise<{ component: string }>((resolve) => running.onDeath(resolve))
    const traces = tracesOf(process.pid)
    process.kill(traces.list.processes.find(({ name }) => name === 'balancer')!.pid, 'SIGKILL')
    expect((await death).component).toBe('balancer')
    expect(await probe.sample()).toEqual([])
    await running.apply([])
    await get('/count')
    const second = tracesOf(process.pid)
    await running.down()
    expect([...(await leftAfter(traces, 3000)), ...(await leftAfter(second, 3000))]).toEqual([])
  })
})

describe('HAProxy that cannot be had', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is refused before anything starts, with what would help', async () => {
    vi.stubEnv('HAPROXY', '/nonexistent/haproxy')
    expect(await refusal(withHaproxy())).toMatchObject({
      code: 'environment',
      message: 'HAPROXY=/nonexistent/haproxy is no program that may be run',
      hint: expect.stringMatching(/install haproxy.*topology\.balancer\.engine=embedded/),
    })
  })

  test.skipIf(haproxy.skip)(
    'a folder too deep for its socket is refused before anything starts',
    async () => {
      const deep = join(mkdtempSync(join(tmpdir(), 'doorbuster-deep-')), 'x'.repeat(80))
      mkdirSync(deep)
      vi.stubEnv('TMPDIR', deep)
      expect(await refusal(withHaproxy())).toMatchObject({
        code: 'environment',
        message: expect.stringMatching(/has 1\d\d bytes, and the system allows 10[37]/),
        hint: expect.stringContaining('TMPDIR'),
      })
      expect(readdirSync(deep).filter((name) => name.startsWith('doorbuster-'))).toEqual([])
      rmSync(dirname(deep), { recursive: true })
    },
  )

  test.skipIf(haproxy.skip)('what it says of a configuration it refuses is quoted', async () => {
    expect(await refusal(withHaproxy({ weights: { 'app-1': 300 } }))).toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/refuses its configuration: exit code 1; its last output:\n.*weight/s),
      where: expect.stringMatching(/haproxy -c -f .*haproxy\.cfg/),
    })
  })
})
