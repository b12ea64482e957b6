import type { Fix } from './fix.ts'
import { planted, withoutFlaws } from './without-flaws.ts'

/** What checkout keeps during the payment call: the lock of a stock row, or its connection. */
const HELD_WHILE_PAYING = ['hot-row', 'pool-held']

export const checkoutShortenLock: Fix = {
  id: 'checkout.shorten-lock',
  label: () => 'a checkout that holds nothing while it pays',
  steps: () => [1],
  apply: (topology) => withoutFlaws(topology, HELD_WHILE_PAYING),
  appliesTo: (topology) => planted(topology, HELD_WHILE_PAYING),
  helps: ['database-lock', 'pool-wait'],
  offered: 'when-diagnosed',
  tellsCause: true,
  sideEffect:
    'a change of the checkout: stock may be gone when the payment is back, and it must be given back then',
  cost: () => 0,
}
