import type { Fix } from './fix.ts'
import { withSettings } from './with-settings.ts'

/** A setting of the sample shop. An app of your own gets it as SHOP_DEGRADE. */
export const shopDegrade: Fix = {
  id: 'shop.degrade',
  label: () => 'popular products instead of best sellers and search',
  steps: () => [1],
  apply: (topology) => withSettings(topology, { degrade: 'on' }),
  appliesTo: ({ app: { settings } }) => settings['degrade'] !== 'on' || 'the shop does without them already',
  helps: ['database-cpu', 'database-missing-index'],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect:
    'nobody finds anything by searching, which costs orders; only an app that knows SHOP_DEGRADE has it',
  cost: () => 0,
}
