import { expect, it } from 'vitest'
import { demandsStay } from './demands-stay.ts'
import { applyFixes, type FixStep } from './fixes/index.ts'
import { DEFAULT_TOPOLOGY } from './topology.ts'

it('a click costs the same on more CPU and more servers, and nobody knows what after a change of anything else', () => {
  const today = { ...DEFAULT_TOPOLOGY, app: { ...DEFAULT_TOPOLOGY.app, flaws: ['n-plus-one'] } }
  const stays = (...fixes: FixStep[]) => demandsStay(today, applyFixes(today, fixes))
  expect(stays({ id: 'database.scale-up', step: 3 }, { id: 'app.scale-out', step: 2 })).toBe(true)
  expect(stays({ id: 'balancer.spread', step: 2 })).toBe(true)
  expect(stays({ id: 'shop.mend', step: 1 })).toBe(false)
  expect(stays({ id: 'app.pool-size', step: 20 })).toBe(false)
  expect(stays({ id: 'cache.add', step: 1 })).toBe(false)
  expect(stays({ id: 'pooler.add', step: 20 })).toBe(false)
  expect(stays({ id: 'database.replica', step: 1 })).toBe(false)
})
