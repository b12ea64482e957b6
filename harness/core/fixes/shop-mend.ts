import { BOTTLENECK_CLASSES } from '../bottleneck.ts'
import type { Fix } from './fix.ts'
import { withoutFlaws } from './without-flaws.ts'

/** The change of code that a planted flaw calls for. Whatever it does to capacity, the flaw did. */
export const shopMend: Fix = {
  id: 'shop.mend',
  label: (_, today) => `the shop without its planted ${today?.app.flaws.join(', ') || 'flaws'}`,
  steps: () => [1],
  apply: (topology) => withoutFlaws(topology, topology.app.flaws),
  appliesTo: ({ app }) => app.flaws.length > 0 || 'no flaw is planted in the shop',
  helps: BOTTLENECK_CLASSES,
  offered: 'always',
  // A flaw may load any resource.
  tellsCause: false,
  sideEffect: 'a change of the code, with its own risk',
  cost: () => 0,
}
