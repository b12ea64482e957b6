import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

export const cacheSingleFlight: Fix = {
  id: 'cache.single-flight',
  label: () => 'single flight in the cache',
  steps: () => [1],
  apply: (topology) => withSettings(topology, { singleFlight: 1 }),
  appliesTo: ({ app: { settings } }) => {
    if (settings['cache'] !== 'process' && settings['cache'] !== 'redis') return 'the app keeps no pages'
    return Number(settings['singleFlight'] ?? 0) === 1 ? 'the cache has it already' : true
  },
  helps: ['cache-stampede'],
  offered: 'always',
  tellsCause: true,
  sideEffect: 'a page that takes long to find keeps all waiting who want it',
  cost: () => 0,
}
