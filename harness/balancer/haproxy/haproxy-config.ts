import { HarnessError } from '../../core/errors.ts'
import { haproxyProblems } from '../../core/input/haproxy-problems.ts'
import { problemLines } from '../../core/input/problem.ts'
import type { BalancerAlgorithm, BalancerTopology } from '../../core/topology.ts'

export type HaproxyAlgorithm = Exclude<BalancerAlgorithm, 'ewma'>

/** One server HAProxy knows. `address: null`: a place kept for a server that may come while it runs. */
export type HaproxySlot = {
  readonly name: string
  readonly address: { readonly host: string; readonly port: number } | null
  readonly weight: number
}

/** All that the text of HAProxy's configuration depends on. */
export type HaproxyConfig = {
  readonly host: string
  readonly port: number
  /** Socket for statistics and commands, relative to the folder HAProxy runs in. */
  readonly socket: string
  readonly algorithm: HaproxyAlgorithm
  readonly maxConnectionsPerServer: number | null
  readonly queueTimeoutMs: number
  readonly maxQueued: number | null
  readonly healthCheck: { readonly intervalMs: number; readonly path: string } | null
  readonly ejection: { readonly afterFailures: number; readonly forMs: number } | null
  readonly retries: number
  readonly slowStartMs: number
  /** Whether each request is told through the socket, for percentiles: `show events requests -w -n`. */
  readonly tellsRequests: boolean
  readonly slots: readonly HaproxySlot[]
}

/** HAProxy's part of a topology; throws a `usage` HarnessError for what HAProxy does not have. */
export function haproxyConfigOf(
  balancer: BalancerTopology,
  rest: Pick<HaproxyConfig, 'host' | 'port' | 'socket' | 'slots'> & { readonly readyPath: string },
): HaproxyConfig {
  const problems = haproxyProblems({ ...balancer, engine: 'haproxy' })
  if (problems.length > 0) {
    throw new HarnessError({
      code: 'usage',
      message: problemLines(problems),
      where: 'topology.balancer',
      hint: 'use topology.balancer.engine=embedded, or leave it out',
    })
  }
  const { healthCheckIntervalMs: intervalMs, healthCheckPath, ejectAfterFailures } = balancer
  const { readyPath, ...fixed } = rest
  return {
    ...fixed,
    algorithm: balancer.algorithm as HaproxyAlgorithm,
    maxConnectionsPerServer: balancer.maxConnectionsPerServer,
    queueTimeoutMs: balancer.queueTimeoutMs,
    maxQueued: balancer.maxQueued,
    healthCheck: intervalMs === null ? null : { intervalMs, path: healthCheckPath ?? readyPath },
    ejection:
      ejectAfterFailures === null ? null : { afterFailures: ejectAfterFailures, forMs: balancer.ejectForMs },
    retries: balancer.retries,
    slowStartMs: balancer.slowStartMs,
    tellsRequests: true,
  }
}
