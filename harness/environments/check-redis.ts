import { HarnessError } from '../core/errors.ts'
import type { EnvironmentSpec } from '../ports.ts'

/** A shop that cannot reach its cache works without it, and nobody would know. */
export function checkRedisIsThere({ topology, app }: Pick<EnvironmentSpec, 'topology' | 'app'>): void {
  const { cache, sessions } = topology.app.settings
  if (cache !== 'redis' && sessions !== 'redis') return
  if (topology.cache.kind === 'redis' || app.env['REDIS_URL'] !== undefined) return
  throw new HarnessError({
    code: 'usage',
    message: 'the app is to keep something in Redis, and there is none',
    where: `topology.app.settings.${cache === 'redis' ? 'cache' : 'sessions'}=redis`,
    hint: '--set topology.cache.kind=redis starts one; an app of your own may have its REDIS_URL in its env',
  })
}
