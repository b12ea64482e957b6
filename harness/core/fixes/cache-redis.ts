import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

/** One cache for all app servers. Settings of the sample shop; an app of your own gets REDIS_URL and SHOP_CACHE as well. */
export const cacheRedis: Fix = {
  id: 'cache.redis',
  label: () => 'a cache of pages in Redis, shared by all app servers',
  steps: () => [1],
  apply: (topology) =>
    withSettings(
      { ...topology, cache: { ...topology.cache, kind: 'redis' } },
      { cache: 'redis', singleFlight: 1 },
    ),
  appliesTo: ({ app: { settings } }) =>
    settings['cache'] !== 'redis' || 'the app keeps pages in Redis already',
  helps: ['database-cpu', 'database-missing-index'],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect:
    'pages are some seconds old, every page asked for costs a trip to Redis, and there is one more part that can fail',
  cost: () => 0.1,
}
