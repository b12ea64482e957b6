import { describe, expect, it } from 'vitest'
import { sessionRandom } from '../traffic/random.ts'
import { departures } from './lindley.ts'
import { erlangC, md1ResponseQuantile, md1WaitCdf, mmcResponseQuantile, mmcResponseTail } from './queueing.ts'

describe('closed forms (field notes §2)', () => {
  it.each([
    [2, 1.5, 0.642857],
    [3, 2, 0.444444],
    [10, 8, 0.40918],
    [1, 0.8, 0.8],
  ])('Erlang C of %i servers at %f erlangs', (servers, erlangs, waits) => {
    expect(erlangC(servers, erlangs)).toBeCloseTo(waits, 5)
  })

  it.each([
    [1, 0.23026],
    [2, 0.11937],
    [4, 0.06893],
    [8, 0.05152],
    [16, 0.04735],
  ])('p99 of M/M/%i at ρ = 0.8, μ = 100/s', (servers, seconds) => {
    expect(mmcResponseQuantile(servers, servers * 80, 100, 0.99)).toBeCloseTo(seconds, 4)
  })

  it('M/M/1 has an exponential response time', () => {
    expect(mmcResponseTail(1, 80, 100, 0.05)).toBeCloseTo(Math.exp(-1), 12)
    // c − 1 = λ ÷ μ: the formula's removable singularity.
    expect(mmcResponseTail(2, 100, 100, 0.01)).toBeCloseTo(mmcResponseTail(2, 100.0001, 100, 0.01), 5)
  })

  it('M/D/1 waits 20 ms on average at ρ = 0.8, and not at all with probability 1 − ρ', () => {
    expect(md1WaitCdf(80, 0.01, 0)).toBeCloseTo(0.2, 12)
    let mean = 0
    for (let t = 0; t < 0.25; t += 1e-5) mean += (1 - md1WaitCdf(80, 0.01, t)) * 1e-5
    expect(mean).toBeCloseTo(0.02, 4)
  })
})

/** 2 · 10⁵ events here; `npm run bench engine` does 10⁷. */
describe('Lindley’s recursion', () => {
  const events = 200_000
  const simulate = (perSec: number, servers: number, service: (draw: () => number) => number) => {
    const random = sessionRandom(1, 0)
    const arrivals = new Float64Array(events)
    const services = new Float64Array(events)
    let at = 0
    for (let i = 0; i < events; i++) {
      at += random.exponential() / perSec
      arrivals[i] = at
      services[i] = service(() => random.exponential())
    }
    const responses = departures(arrivals, services, servers).map((departed, i) => departed - arrivals[i]!)
    return (q: number) => responses.toSorted()[Math.floor(q * events)]!
  }

  it.each([0.5, 0.8])('gives M/M/1 at ρ = %f', (rho) => {
    const quantile = simulate(100 * rho, 1, (exponential) => exponential() / 100)
    for (const q of [0.5, 0.95, 0.99])
      expect(quantile(q) / mmcResponseQuantile(1, 100 * rho, 100, q)).toBeCloseTo(1, 1)
  })

  it('gives M/D/1 and M/M/4 at ρ = 0.8', () => {
    const fixed = simulate(80, 1, () => 0.01)
    const four = simulate(320, 4, (exponential) => exponential() / 100)
    for (const q of [0.5, 0.95, 0.99]) {
      expect(fixed(q) / md1ResponseQuantile(80, 0.01, q)).toBeCloseTo(1, 1)
      expect(four(q) / mmcResponseQuantile(4, 320, 100, q)).toBeCloseTo(1, 1)
    }
  })

  it('lets nobody overtake, and nobody wait for a free server', () => {
    expect([...departures([0, 1, 2, 10], [5, 5, 5, 1])]).toEqual(
      [5, 10, 15, 11].map((x, i) => (i === 3 ? 16 : x)),
    )
    expect([...departures([0, 1, 2, 10], [5, 5, 5, 1], 2)]).toEqual([5, 6, 10, 11])
  })
})
