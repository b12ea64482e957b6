import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

/** Settings of the sample shop. An app of your own gets them as SHOP_CACHE and SHOP_SINGLE_FLIGHT. */
export const cacheAdd: Fix = {
  id: 'cache.add',
  label: () => 'a cache of pages in each app server',
  steps: () => [1],
  apply: (topology) => withSettings(topology, { cache: 'process', singleFlight: 1 }),
  appliesTo: ({ app: { settings } }) =>
    settings['cache'] === undefined ||
    settings['cache'] === 'none' ||
    `the app keeps pages already (${settings['cache']})`,
  helps: ['database-cpu', 'database-missing-index'],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect:
    'pages are some seconds old, and each server keeps its own; only an app that knows SHOP_CACHE has it',
  cost: () => 0,
}
