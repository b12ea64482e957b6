import fc from 'fast-check'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, it } from 'vitest'
import { BALANCER_ALGORITHMS, type BalancerAlgorithm } from '../core/topology.ts'
import type { ServerLoad } from './algorithms/balancing.ts'
import { balancing } from './algorithms.ts'

const CONTEXT = { clientAddress: '192.0.2.7', nowMs: 0 }

function chanceOf(seed: number): () => number {
  const generator = xoroshiro128plus(seed)
  return () => (generator.next() >>> 0) / 2 ** 32
}

const loads = fc.array(fc.nat(50), { minLength: 1, maxLength: 9 }).map((numbers) => serversWith(numbers))

function serversWith(inFlight: readonly number[]): ServerLoad[] {
  return inFlight.map((n, i) => ({ name: `app-${i + 1}`, inFlight: n, weight: 1 }))
}

describe('every balancing algorithm', () => {
  it.each(BALANCER_ALGORITHMS)('%s picks one of the servers it was given', (algorithm) => {
    fc.assert(
      fc.property(fc.array(loads, { minLength: 1, maxLength: 20 }), fc.integer(), (rounds, seed) => {
        const algo = balancing(algorithm, chanceOf(seed))
        rounds.forEach((servers, i) => {
          const picked = algo.pick(servers, { clientAddress: `10.0.0.${i}`, nowMs: i * 10 })
          expect(servers).toContain(picked)
          algo.observe(picked.name, i, i * 10 + 5)
        })
      }),
    )
  })

  it.each(BALANCER_ALGORITHMS.filter((name) => name !== 'ip-hash'))(
    '%s gives equal, idle servers about equal shares',
    (algorithm) => {
      const algo = balancing(algorithm, chanceOf(7))
      const counts = new Map<string, number>()
      for (let i = 0; i < 4000; i++) {
        const { name } = algo.pick(serversWith([0, 0, 0, 0]), CONTEXT)
        counts.set(name, (counts.get(name) ?? 0) + 1)
        algo.observe(name, 10, 0)
      }
      for (const name of ['app-1', 'app-2', 'app-3', 'app-4']) {
        expect(counts.get(name) ?? 0).toBeGreaterThan(800)
      }
    },
  )
})

/** How many of `n` picks each server gets when it answers at once. */
function shares(algorithm: BalancerAlgorithm, weights: readonly number[], n: number): number[] {
  const algo = balancing(algorithm, chanceOf(11))
  const servers = weights.map((weight, i) => ({ name: `app-${i + 1}`, inFlight: 0, weight }))
  const counts = weights.map(() => 0)
  for (let i = 0; i < n; i++) {
    const picked = algo.pick(servers, {
      clientAddress: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      nowMs: 0,
    })
    counts[servers.indexOf(picked)]!++
  }
  return counts
}

describe('shares', () => {
  it.each(['round-robin', 'least-connections'] as const)(
    '%s gives idle servers their shares exactly',
    (name) => {
      expect(shares(name, [3, 1], 400)).toEqual([300, 100])
      expect(shares(name, [1, 2, 5], 800)).toEqual([100, 200, 500])
    },
  )

  it('round-robin interleaves them', () => {
    const algo = balancing('round-robin', chanceOf(1))
    const servers = [3, 1].map((weight, i) => ({ name: 'ab'[i]!, inFlight: 0, weight }))
    expect(Array.from({ length: 8 }, () => algo.pick(servers, CONTEXT).name).join('')).toBe('aabaaaba')
  })

  it.each(['random-two', 'ewma', 'ip-hash'] as const)('%s gives idle servers about their shares', (name) => {
    const counts = shares(name, [3, 1], 8000)
    expect(Math.abs(counts[0]! / 8000 - 0.75)).toBeLessThan(0.02)
  })

  it('least-connections fills servers in proportion', () => {
    const algo = balancing('least-connections', chanceOf(1))
    const servers = [1, 3].map((weight, i) => ({ name: `app-${i + 1}`, inFlight: 0, weight }))
    for (let i = 0; i < 40; i++) algo.pick(servers, CONTEXT).inFlight++
    expect(servers.map(({ inFlight }) => inFlight)).toEqual([10, 30])
  })

  it('ip-hash moves clients only to the server whose share grows', () => {
    const algo = balancing('ip-hash', chanceOf(1))
    const before = serversWith([0, 0, 0])
    const after = before.map((server, i) => ({ ...server, weight: i === 2 ? 4 : 1 }))
    for (let i = 0; i < 2000; i++) {
      const context = { clientAddress: `10.0.${i >> 8}.${i & 255}`, nowMs: 0 }
      const moved = algo.pick(after, context).name
      expect([algo.pick(before, context).name, 'app-3']).toContain(moved)
    }
  })
})

describe('round-robin', () => {
  it('uses each server once in any round over a list that stays', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(30), (n, offset) => {
        const algo = balancing('round-robin', chanceOf(1))
        const servers = serversWith(Array(n).fill(0))
        for (let i = 0; i < offset; i++) algo.pick(servers, CONTEXT)
        const round = new Set(servers.map(() => algo.pick(servers, CONTEXT).name))
        expect(round.size).toBe(n)
      }),
    )
  })
})

describe('least-connections', () => {
  it('picks a server with the fewest requests in flight', () => {
    fc.assert(
      fc.property(loads, (servers) => {
        const { inFlight } = balancing('least-connections', chanceOf(1)).pick(servers, CONTEXT)
        expect(inFlight).toBe(Math.min(...servers.map((server) => server.inFlight)))
      }),
    )
  })
})

describe('random-two', () => {
  it('never picks the one most loaded server', () => {
    fc.assert(
      fc.property(loads, fc.integer(), (servers, seed) => {
        fc.pre(servers.length > 1)
        const most = Math.max(...servers.map(({ inFlight }) => inFlight))
        fc.pre(servers.filter(({ inFlight }) => inFlight === most).length === 1)
        expect(balancing('random-two', chanceOf(seed)).pick(servers, CONTEXT).inFlight).toBeLessThan(most)
      }),
    )
  })
})

describe('ewma', () => {
  it('prefers the faster of two servers, weighed by what they have in flight', () => {
    fc.assert(
      fc.property(
        fc.record({ slow: fc.integer({ min: 1, max: 500 }), fast: fc.integer({ min: 1, max: 500 }) }),
        fc.nat(20),
        fc.nat(20),
        fc.integer(),
        ({ slow, fast }, atOne, atTwo, seed) => {
          fc.pre(slow * (atOne + 1) > fast * (atTwo + 1))
          const algo = balancing('ewma', chanceOf(seed))
          algo.observe('app-1', slow, 0)
          algo.observe('app-2', fast, 0)
          expect(algo.pick(serversWith([atOne, atTwo]), CONTEXT).name).toBe('app-2')
        },
      ),
    )
  })

  it('believes a slow answer at once and a fast one by and by', () => {
    const algo = balancing('ewma', chanceOf(3))
    const pickAt = (nowMs: number) => algo.pick(serversWith([0, 0]), { ...CONTEXT, nowMs }).name
    algo.observe('app-1', 10, 0)
    algo.observe('app-2', 20, 0)
    expect(pickAt(0)).toBe('app-1')
    algo.observe('app-1', 500, 1)
    expect(pickAt(1)).toBe('app-2')
    algo.observe('app-1', 10, 2)
    expect(pickAt(2)).toBe('app-2')
    for (let nowMs = 3; nowMs < 40_000; nowMs += 100) {
      algo.observe('app-1', 10, nowMs)
      algo.observe('app-2', 20, nowMs)
    }
    expect(pickAt(40_000)).toBe('app-1')
  })

  it('gives a server it does not know one request to try', () => {
    const algo = balancing('ewma', chanceOf(3))
    algo.observe('app-1', 10, 0)
    expect(algo.pick(serversWith([0, 0]), CONTEXT).name).toBe('app-2')
    expect(algo.pick(serversWith([30, 1]), CONTEXT).name).toBe('app-1')
  })
})

describe('ip-hash', () => {
  const address = fc.ipV4()

  it('keeps a client at its server, whatever the load and the order of the list', () => {
    fc.assert(
      fc.property(address, loads, loads, (clientAddress, before, after) => {
        fc.pre(before.length === after.length)
        const algo = balancing('ip-hash', chanceOf(1))
        const first = algo.pick(before, { clientAddress, nowMs: 0 }).name
        expect(algo.pick(after.toReversed(), { clientAddress, nowMs: 9 }).name).toBe(first)
      }),
    )
  })

  it('moves only the clients of the server that goes', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 2, max: 8 }), fc.nat(7), (clientAddress, n, gone) => {
        const servers = serversWith(Array(n).fill(0))
        const algo = balancing('ip-hash', chanceOf(1))
        const first = algo.pick(servers, { clientAddress, nowMs: 0 })
        const left = servers.filter((server, i) => i !== gone % n || server === first)
        expect(algo.pick(left, { clientAddress, nowMs: 0 }).name).toBe(first.name)
      }),
    )
  })

  it('spreads many clients', () => {
    const algo = balancing('ip-hash', chanceOf(1))
    const counts: Record<string, number> = {}
    for (let i = 0; i < 4000; i++) {
      const { name } = algo.pick(serversWith([0, 0, 0, 0]), {
        clientAddress: `10.0.${i >> 8}.${i & 255}`,
        nowMs: 0,
      })
      counts[name] = (counts[name] ?? 0) + 1
    }
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(130)
    expect(Object.keys(counts)).toHaveLength(4)
  })
})
