import { expect, it } from 'vitest'
import { mayFollowChoices, nextChoices } from './choose-levers.ts'
import type { FixId } from './fixes/index.ts'
import { DEFAULT_TOPOLOGY } from './topology.ts'

const state = {
  today: DEFAULT_TOPOLOGY,
  diagnosed: null,
  asked: [] as FixId[],
  capacityPerSec: null,
  demands: null,
  utilisation: 0.9,
  peakPerSec: 60,
  keepHeadroom: 0.3,
  hostCores: 2,
  measured: [],
}
const bigger = { id: 'database.scale-up', step: 2, label: 'a bigger instance' } as const
const more = { id: 'app.scale-out', step: 4 } as const

it('tries each lever once, in the order of its user, under their name', () => {
  const choices = nextChoices(state, [more, bigger])
  expect(choices.map(({ fixes, label, notRun }) => ({ fixes, label, notRun }))).toEqual([
    { fixes: [more], label: 'load balancing over 4 servers', notRun: null },
    { fixes: [bigger], label: 'a bigger instance', notRun: null },
  ])
  const measured = [{ fixes: [more], verdict: 'no-effect' as const }]
  expect(nextChoices({ ...state, measured }, [more, bigger]).map(({ fixes }) => fixes)).toEqual([[bigger]])
  const asked = [bigger.id]
  expect(nextChoices({ ...state, asked }, [more, bigger]).map(({ fixes }) => fixes)).toEqual([[bigger]])
})

it('tries nothing on a system without levers, and the usual fixes on one of our own', () => {
  expect(mayFollowChoices(state, [])).toBe(0)
  expect(nextChoices(state, [])).toEqual([])
  expect(nextChoices(state, null).length).toBeGreaterThan(0)
})
