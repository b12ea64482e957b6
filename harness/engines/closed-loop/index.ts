import type { LookupAddress } from 'node:dns'
import { get } from 'node:http'
import autocannon from 'autocannon'
import { median } from 'simple-statistics'
import { HarnessError } from '../../core/errors.ts'
import { targetGuard } from '../target-guard.ts'

export type ClosedLoopOptions = {
  readonly url: string
  /** Asked for in turn by each connection. */
  readonly paths: readonly string[]
  readonly connections: number
  readonly durationSec: number
  /** Hosts beyond this machine that the user may load. */
  readonly ownedHosts?: readonly string[]
  readonly signal?: AbortSignal
}

export type ClosedLoopEnd = {
  /** Requests answered with 2xx or 3xx. */
  readonly completed: number
  /** Requests answered otherwise or not at all. */
  readonly errors: number
  /** Requests that were sent and then forgotten: autocannon does not count those whose connection the server closes. */
  readonly lost: number
  /** `completed` per second. */
  readonly perSec: number
}

/** After so many errors it is no warm-up any more. */
const BAIL_OUT_ERRORS = 200
const ANSWER_WITHIN_MS = 10_000

/**
 * A closed loop of GETs: each connection asks again when it is answered. For warm-up, calibration and X(N) points;
 * never for an SLO, because it slows down with the shop. autocannon's traps are guarded: a dead port makes it spin
 * and succeed, so the shop must answer first, and connection errors end it; its correction for coordinated omission
 * is wrong, so no rate is set (which leaves it off), and nothing of its times is passed on; requests it loses are found
 * by counting; certificates it never verifies, so only http is loaded. Rejects with `environment` when nothing answers,
 * `refused-target` when the host is not this machine, `usage` for another protocol.
 */
export async function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopEnd> {
  const { paths, connections, durationSec, signal } = options
  if (new URL(options.url).protocol !== 'http:') throw onlyHttp(options.url)
  const target = await resolveTarget(new URL(options.url), options.ownedHosts ?? [])
  const headers = { host: target.host, accept: 'application/json' }
  await answers(`${target.origin}${paths[0] ?? '/'}`, headers)
  if (signal?.aborted) return { completed: 0, errors: 0, lost: 0, perSec: 0 }
  const loop = autocannon({
    url: target.origin,
    connections,
    duration: durationSec,
    timeout: ANSWER_WITHIN_MS / 1000,
    bailout: BAIL_OUT_ERRORS,
    sampleInt: 100,
    requests: paths.map((path) => ({ method: 'GET', path, headers })),
  })
  const stop = () => loop.stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const result = await loop
    const completed = result['2xx'] + result['3xx']
    const errors = result.errors + result.mismatches + result.non2xx - result['3xx']
    // When it stops, each connection has one request under way.
    const lost = Math.max(0, result.requests.sent - completed - errors - connections)
    return { completed, errors, lost, perSec: completed / Math.max(0.001, result.duration) }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Throughput of a closed loop of `connections`: a point of X(N), as a fit of the Universal Scalability Law takes them. */
export type ThroughputPoint = {
  readonly connections: number
  /** Median of the rounds. */
  readonly perSec: number
  /** Why it is no point to fit anything to; `null`: it is sound. */
  readonly unsound: string | null
}

/** More than this share answered wrong, not at all, or lost: the throughput is that of something else. */
const UNSOUND_RATIO = 0.01

/**
 * X(N) for several numbers of connections. Rounds go through them forwards and backwards in turn, so that a machine that
 * gets slower or faster meanwhile bends no curve.
 */
export async function throughputByConnections(
  options: Omit<ClosedLoopOptions, 'connections'>,
  connections: readonly number[],
  rounds: number,
): Promise<readonly ThroughputPoint[]> {
  const ends = new Map<number, ClosedLoopEnd[]>(connections.map((n) => [n, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? connections : connections.toReversed()
    for (const n of order) ends.get(n)!.push(await closedLoop({ ...options, connections: n }))
  }
  return connections.map((n) => ({
    connections: n,
    perSec: median(ends.get(n)!.map(({ perSec }) => perSec)),
    unsound: whyUnsound(ends.get(n)!),
  }))
}

function whyUnsound(ends: readonly ClosedLoopEnd[]): string | null {
  const sum = (count: (end: ClosedLoopEnd) => number) => ends.reduce((total, end) => total + count(end), 0)
  const [completed, errors, lost] = [
    sum((end) => end.completed),
    sum((end) => end.errors),
    sum((end) => end.lost),
  ]
  if (completed === 0) return 'nothing was answered'
  const failed = errors + lost
  if (failed <= UNSOUND_RATIO * (completed + failed)) return null
  return `${errors} requests failed and ${lost} were lost beside ${completed} that were answered`
}

/** The address that was checked is the address that is loaded: the name is not resolved a second time. */
async function resolveTarget(
  url: URL,
  ownedHosts: readonly string[],
): Promise<{ origin: string; host: string }> {
  const guard = targetGuard(ownedHosts)
  const refusal = guard.refusal(url.hostname)
  if (refusal) throw refusal
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = await new Promise<LookupAddress>((resolve, reject) => {
    guard.lookup(host, { all: false }, (error, found, family) => {
      if (error instanceof HarnessError) reject(error)
      else if (error) reject(noAnswer(url.href, error))
      else resolve({ address: String(found), family: family ?? 4 })
    })
  })
  const literal = address.family === 6 ? `[${address.address}]` : address.address
  return { origin: `${url.protocol}//${literal}:${url.port || 80}`, host: url.host }
}

function answers(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, timeout: ANSWER_WITHIN_MS, agent: false }, (response) => {
      response.resume()
      response.on('end', resolve)
      response.on('error', (error) => reject(noAnswer(url, error)))
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)))
    request.on('error', (error) => reject(noAnswer(url, error)))
  })
}

function onlyHttp(url: string): HarnessError {
  return new HarnessError({
    code: 'usage',
    message: `A closed loop cannot load ${url}: it speaks http only, because it would not verify certificates.`,
    where: url,
    hint: 'Load the plain port behind it, or use the open loop.',
  })
}

function noAnswer(url: string, cause: Error): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${url} does not answer: ${cause.message}`,
    where: url,
    hint: 'Is it running, and is the port right?',
    cause,
  })
}
