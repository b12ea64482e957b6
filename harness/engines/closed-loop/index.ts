import type { LookupAddress } from 'node:dns'
import { get } from 'node:http'
import autocannon from 'autocannon'
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
 * is wrong, so no rate is set (which leaves it off), and nothing of its times is passed on. Rejects with `environment` when nothing answers,
 * `refused-target` when the host is not this machine.
 */
export async function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopEnd> {
  const { paths, connections, durationSec, signal } = options
  const target = await resolveTarget(new URL(options.url), options.ownedHosts ?? [])
  const headers = { host: target.host, accept: 'application/json' }
  await answers(`${target.origin}${paths[0] ?? '/'}`, headers)
  if (signal?.aborted) return { completed: 0, errors: 0, perSec: 0 }
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
    return { completed, errors, perSec: completed / Math.max(0.001, result.duration) }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
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

function noAnswer(url: string, cause: Error): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${url} does not answer: ${cause.message}`,
    where: url,
    hint: 'Is it running, and is the port right?',
    cause,
  })
}
