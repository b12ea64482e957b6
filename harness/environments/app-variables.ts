import type { AppTopology } from '../core/topology.ts'
import type { AppSpec } from '../ports.ts'

/** What a program needs to run at all; nothing else of the caller's environment (its secrets) is passed on. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG'] as const

/** What an app is told of: where its database is, and where read replicas of it and a Redis are, if there are any. */
export type Backing = {
  readonly databaseUrl: string
  readonly replicaUrls?: readonly string[]
  readonly redisUrl?: string | null
}

/** Environment of an app's instances and of its seed command, without what differs from instance to instance. */
export function appVariables(
  app: AppSpec,
  topology: AppTopology,
  { databaseUrl, replicaUrls = [], redisUrl = null }: Backing,
): Record<string, string> {
  const variables: Record<string, string> = { NODE_ENV: 'production' }
  for (const name of PASSED_ON) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  for (const [key, value] of Object.entries(topology.settings))
    variables[settingVariable(key)] = String(value)
  return {
    ...variables,
    SHOP_FLAWS: topology.flaws.join(','),
    ...app.env,
    DATABASE_URL: databaseUrl,
    ...(replicaUrls.length > 0 && { SHOP_REPLICA_URLS: replicaUrls.join(',') }),
    ...(redisUrl !== null && { REDIS_URL: redisUrl }),
    POOL_SIZE: String(topology.poolSize),
  }
}

/** "acquireTimeoutMs" → "SHOP_ACQUIRE_TIMEOUT_MS". */
export function settingVariable(key: string): string {
  return `SHOP_${key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}`
}
