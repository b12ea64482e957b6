import { afterEach, describe, expect, it } from 'vitest'
import type { Backend } from './backend.ts'
import { Backends } from './backends.ts'
import { type BalancerSettings, balancerConfigOf, readServerList } from './config.ts'

const opened: Backends[] = []
afterEach(() => {
  for (const backends of opened.splice(0)) backends.close()
})

function backendsOver(servers: number, over: Partial<BalancerSettings> = {}): Backends {
  const backends = new Backends(
    balancerConfigOf({
      host: '127.0.0.1',
      port: 0,
      adminPort: 0,
      algorithm: 'least-connections',
      maxConnectionsPerServer: null,
      queueTimeoutMs: 1000,
      servers: Array.from({ length: servers }, (_, i) => ({
        name: `app-${i + 1}`,
        url: `http://127.0.0.1:${9000 + i}`,
      })),
      ...over,
    }),
  )
  opened.push(backends)
  return backends
}

function pick(backends: Backends, nowMs: number): Backend {
  return backends.pick({ clientAddress: '192.0.2.1', nowMs }, null)!
}

/** One request that this server answers at once. */
function answer(backends: Backends, server: Backend, status: number, nowMs: number): void {
  backends.began(server)
  backends.ended(server, 'answered', status, 1, nowMs)
}

/** Names of the servers that `n` requests go to, which are answered one after the other. */
function usedBy(backends: Backends, nowMs: number, n = 12): string[] {
  const names = new Set<string>()
  for (let i = 0; i < n; i++) {
    const server = pick(backends, nowMs)
    names.add(server.name)
    answer(backends, server, 200, nowMs)
  }
  return [...names].toSorted()
}

describe('ejection', () => {
  it('ejects after failures in a row, for a time, then on probation for twice as long', () => {
    const backends = backendsOver(3, { ejectAfterFailures: 3, ejectForMs: 1000 })
    const [bad] = backends.all() as [Backend]
    answer(backends, bad, 500, 0)
    answer(backends, bad, 500, 0)
    answer(backends, bad, 200, 0)
    answer(backends, bad, 500, 0)
    answer(backends, bad, 500, 0)
    expect(bad.ejections).toBe(0)
    answer(backends, bad, 503, 0)
    expect(bad.ejections).toBe(1)
    expect(usedBy(backends, 999)).toEqual(['app-2', 'app-3'])
    expect(usedBy(backends, 1000)).toContain('app-1')
  })

  it('one failure after its return is enough, and a success ends the probation', () => {
    const backends = backendsOver(3, { ejectAfterFailures: 3, ejectForMs: 1000 })
    const [bad] = backends.all() as [Backend]
    for (let i = 0; i < 3; i++) answer(backends, bad, 500, 0)
    answer(backends, bad, 500, 1000)
    expect(bad.ejections).toBe(2)
    expect(usedBy(backends, 2999)).toEqual(['app-2', 'app-3'])
    answer(backends, bad, 200, 3000)
    answer(backends, bad, 500, 3001)
    expect(bad.ejections).toBe(2)
  })

  it('learns nothing from requests that were sent before', () => {
    const backends = backendsOver(3, { ejectAfterFailures: 2, ejectForMs: 1000 })
    const [bad] = backends.all() as [Backend]
    for (let i = 0; i < 8; i++) answer(backends, bad, 500, 0)
    expect(bad.ejections).toBe(1)
    expect(bad.outUntilMs).toBe(1000)
  })

  it('ejects by the error share of 50 requests', () => {
    const backends = backendsOver(2, { ejectAboveErrorShare: 0.2, ejectForMs: 1000 })
    const [, bad] = backends.all() as [Backend, Backend]
    for (let i = 0; i < 50; i++) answer(backends, bad, i % 5 === 0 ? 500 : 200, 0)
    expect(bad.ejections).toBe(0)
    for (let i = 0; i < 50; i++) answer(backends, bad, i % 4 === 0 ? 500 : 200, 0)
    expect(bad.ejections).toBe(1)
    expect(usedBy(backends, 10)).toEqual(['app-1'])
  })

  it.each([
    [0.5, 4, 2],
    [0.5, 3, 1],
    [0.5, 1, 0],
    [0, 4, 0],
    [1, 4, 4],
  ])('ejects at most a share of %d of %d servers: %d', (maxEjectedShare, servers, most) => {
    const backends = backendsOver(servers, { ejectAfterFailures: 1, maxEjectedShare })
    for (const server of backends.all()) answer(backends, server, 500, 0)
    expect(backends.all().filter(({ ejections }) => ejections > 0)).toHaveLength(most)
    expect(usedBy(backends, 1)).not.toEqual([])
  })

  it('never ejects for what the client asked wrongly, left, or when it is off', () => {
    const backends = backendsOver(2, { ejectAfterFailures: 1 })
    const [server] = backends.all() as [Backend]
    for (const status of [404, 429, 501, 505]) answer(backends, server, status, 0)
    backends.began(server)
    backends.ended(server, 'left', null, 1, 0)
    expect(server.ejections).toBe(0)
    const off = backendsOver(2)
    for (let i = 0; i < 100; i++) answer(off, off.all()[0]!, 500, 0)
    expect(off.all()[0]!.ejections).toBe(0)
  })
})

describe('slow start', () => {
  it('gives an added server a growing share, and those of the start their full share at once', () => {
    const backends = backendsOver(1, { slowStartMs: 1000, algorithm: 'round-robin' })
    const list = ['app-1', 'app-2'].map((name, i) => ({ name, url: `http://127.0.0.1:${9000 + i}` }))
    backends.replace(readServerList(JSON.stringify(list)), 5000)
    const share = (nowMs: number): number => {
      let second = 0
      for (let i = 0; i < 100; i++) {
        const server = pick(backends, nowMs)
        if (server.name === 'app-2') second++
        answer(backends, server, 200, nowMs)
      }
      return second
    }
    expect(share(5000)).toBeCloseTo(9, -1)
    expect(share(5500)).toBeCloseTo(33, -1)
    expect(share(6000)).toBe(50)
    expect(backends.all().map(({ weight }) => weight)).toEqual([1, 1])
  })

  it('begins when an ejection or a refusal ends', () => {
    const backends = backendsOver(2, { slowStartMs: 1000, ejectAfterFailures: 1, ejectForMs: 500 })
    const [ejected, other] = backends.all() as [Backend, Backend]
    answer(backends, ejected, 500, 0)
    backends.refused(other, 0)
    pick(backends, 750)
    expect(ejected.weight).toBeCloseTo(0.25)
    pick(backends, 1250)
    expect(other.weight).toBeCloseTo(0.25)
    pick(backends, 2000)
    expect([ejected.weight, other.weight]).toEqual([1, 1])
  })

  it('multiplies with a share of its own', () => {
    const servers = [3, 1].map((weight, i) => ({
      name: `app-${i + 1}`,
      url: `http://127.0.0.1:${9000 + i}`,
      weight,
    }))
    const backends = backendsOver(0, { servers, slowStartMs: 1000, ejectAfterFailures: 1, ejectForMs: 100 })
    answer(backends, backends.all()[0]!, 500, 0)
    pick(backends, 600)
    expect(backends.all()[0]!.weight).toBeCloseTo(1.5)
  })
})

describe('draining', () => {
  it('tells of servers that went until they have finished what they had', () => {
    const backends = backendsOver(2)
    const [first, second] = backends.all() as [Backend, Backend]
    backends.began(first)
    backends.replace([{ name: second.name, url: second.url, weight: 1 }], 0)
    expect(backends.draining().map(({ name, inFlight }) => [name, inFlight])).toEqual([['app-1', 1]])
    expect(usedBy(backends, 0)).toEqual(['app-2'])
    backends.ended(first, 'answered', 200, 1, 0)
    expect(backends.draining()).toEqual([])
  })
})
