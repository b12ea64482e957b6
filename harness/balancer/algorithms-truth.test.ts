import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, it } from 'vitest'
import type { BalancerAlgorithm } from '../core/topology.ts'
import { balancing } from './algorithms.ts'

/**
 * The algorithms against queues whose answer is known: 4 servers of 100 requests/s each (exponential service), Poisson
 * arrivals, in virtual time. Mean response times in ms, exact: pooled M/M/4, round-robin (E4/M/1), random (M/M/1).
 */
const TRUTH = [
  { load: 0.7, pooled: 13.6, roundRobin: 22.4, random: 33.3 },
  { load: 0.8, pooled: 17.5, roundRobin: 32.7, random: 50.0 },
  { load: 0.9, pooled: 29.7, roundRobin: 63.8, random: 100.0 },
] as const

const SERVERS = 4
const SERVICE_MS = 10
const ARRIVALS = 200_000

describe.each(TRUTH)('at $load of capacity', ({ load, pooled, roundRobin, random }) => {
  const tolerance = load === 0.9 ? 0.08 : 0.04

  it('round-robin has the mean response time of E4/M/1', () => {
    expect(Math.abs(simulate('round-robin', load) / roundRobin - 1)).toBeLessThan(tolerance)
  })

  it('ip-hash over many clients has the mean response time of M/M/1', () => {
    expect(Math.abs(simulate('ip-hash', load) / random - 1)).toBeLessThan(2 * tolerance)
  })

  it('least-connections lies between pooled and round-robin', () => {
    const meanMs = simulate('least-connections', load)
    expect(meanMs).toBeGreaterThan(pooled)
    expect(meanMs).toBeLessThan(roundRobin)
  })

  it('random-two lies between least-connections and random', () => {
    const meanMs = simulate('random-two', load)
    expect(meanMs).toBeGreaterThan(simulate('least-connections', load))
    expect(meanMs).toBeLessThan(random)
  })

  it('ewma lies between pooled and random', () => {
    const meanMs = simulate('ewma', load)
    expect(meanMs).toBeGreaterThan(pooled)
    expect(meanMs).toBeLessThan(random)
  })
})

describe('with one server three times slower', () => {
  it('ewma and least-connections beat round-robin, which overloads the slow one', () => {
    const speeds = [1, 1, 1, 1 / 3]
    const even = simulate('round-robin', 0.6, speeds)
    expect(simulate('least-connections', 0.6, speeds)).toBeLessThan(even / 3)
    expect(simulate('ewma', 0.6, speeds)).toBeLessThan(even / 3)
  })
})

/** Mean response time in ms over first-come-first-served queues, one a server. */
function simulate(algorithm: BalancerAlgorithm, load: number, speeds = [1, 1, 1, 1]): number {
  const generator = xoroshiro128plus(20_251_128)
  const chance = () => (generator.next() >>> 0) / 2 ** 32
  const exponential = (mean: number) => -mean * Math.log(1 - chance())
  const algo = balancing(algorithm, chance)
  const servers = speeds.map((speed, i) => ({
    name: `app-${i + 1}`,
    speed,
    weight: 1,
    // Departure times (and response times) of what it has in flight, in order; `head` is the next to leave.
    departures: [] as { readonly atMs: number; readonly tookMs: number }[],
    head: 0,
    get inFlight() {
      return this.departures.length - this.head
    },
  }))
  let nowMs = 0
  let sumMs = 0
  for (let i = 0; i < ARRIVALS; i++) {
    nowMs += exponential(SERVICE_MS / (SERVERS * load))
    for (const server of servers) {
      while (server.inFlight > 0 && server.departures[server.head]!.atMs <= nowMs) {
        const { atMs, tookMs } = server.departures[server.head++]!
        algo.observe(server.name, tookMs, atMs)
      }
    }
    const clientAddress = `client-${Math.floor(chance() * 1e9)}`
    const server = algo.pick(servers, { clientAddress, nowMs })
    const startMs = server.inFlight > 0 ? server.departures.at(-1)!.atMs : nowMs
    const atMs = startMs + exponential(SERVICE_MS / server.speed)
    server.departures.push({ atMs, tookMs: atMs - nowMs })
    sumMs += atMs - nowMs
  }
  return sumMs / ARRIVALS
}
