import { HarnessError } from '../../core/errors.ts'
import type { Topology } from '../../core/topology.ts'
import { findRedis } from './cache/find-redis.ts'
import { findHaproxy } from './haproxy/find-haproxy.ts'
import { findPgbouncer } from './pooler/find-pgbouncer.ts'

/** @throws HarnessError `environment` when a program that this topology asks for is not installed. */
export function checkPrograms({ balancer, pooler, cache }: Topology): void {
  if (balancer.engine === 'haproxy') findHaproxy()
  if (pooler.kind === 'pgbouncer') findPgbouncer()
  if (cache.kind === 'redis') findRedis()
}

/** `true`, or which program is missing and how to get it. */
export function whetherInstalled(topology: Topology): true | string {
  try {
    checkPrograms(topology)
    return true
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error
    return `${error.message} (${error.hint})`
  }
}
