import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../../core/plan.ts'
import { planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'

const SHOP = scenarioOf([
  { name: 'buyer', weight: 1, steps: async (shopper) => void (await shopper.post('/checkout')) },
])

/** A room that lets nobody through before this time after their first look, each by their cookie-less first request. */
function room(admitsAfterSec: number, lookAgainSec = 2): { shop: StubShop; looks: number[] } {
  const looks: number[] = []
  let firstUs: number | null = null
  return {
    looks,
    shop: (_, nowUs) => {
      firstUs ??= nowUs
      looks.push((nowUs - firstUs) / 1e6)
      if (nowUs - firstUs >= admitsAfterSec * 1e6) return { afterMs: 10, json: {} }
      return { afterMs: 10, outcome: 'queued', lookAgainSec }
    },
  }
}

/** One shopper, who waits so long in a room. */
const PLAN = (queueMs: number | null): LoadPlan =>
  planOf(SHOP, 1, 1, {
    arrivals: { kind: 'even' },
    ending: 'finish',
    graceMs: 120_000,
    patience: { timeoutMs: 3000, reloads: 1, ...(queueMs !== null && { queueMs }) },
  })

async function drive(queueMs: number | null, shop: StubShop) {
  const { slots, end } = await stubDrive(SHOP, PLAN(queueMs), shop)
  const of = (kind: 'click' | 'attempt') =>
    slots.filter((slot) => slot.of === kind).flatMap(({ outcome, n }) => Array<string>(n).fill(outcome))
  return { clicks: of('click'), attempts: of('attempt'), end }
}

describe('a waiting room', () => {
  it('is looked into again when it says, until it lets the shopper through: a POST without a key too', async () => {
    const { shop, looks } = room(5)
    const { clicks, attempts, end } = await drive(30_000, shop)
    expect(looks.map((sec) => Math.round(sec * 100) / 100)).toEqual([0, 2.01, 4.02, 6.03])
    expect(clicks).toEqual(['ok'])
    expect(attempts.sort()).toEqual(['ok', 'queued', 'queued', 'queued'])
    expect(end).toMatchObject({ clicksIntended: 1, clicksDone: 1 })
  })

  it('keeps nobody longer than their patience in it: the click ends as queued', async () => {
    const { shop, looks } = room(60)
    const { clicks } = await drive(5000, shop)
    expect(looks).toHaveLength(3)
    expect(clicks).toEqual(['queued'])
  })

  it('is left at once in plans that know none', async () => {
    const { shop, looks } = room(60)
    expect((await drive(null, shop)).clicks).toEqual(['queued'])
    expect(looks).toHaveLength(1)
  })

  it('still holds at the end whom it has not let through: each click has one ending', async () => {
    const plan = planOf(SHOP, 20, 2, {
      patience: { timeoutMs: 3000, reloads: 1, queueMs: 600_000 },
      ending: 'cut',
      graceMs: 1000,
    })
    const { slots, end } = await stubDrive(SHOP, plan, () => ({
      afterMs: 5,
      outcome: 'queued',
      lookAgainSec: 2,
    }))
    const clicks = slots.filter((slot) => slot.of === 'click')
    expect(new Set(clicks.map(({ outcome }) => outcome))).toEqual(new Set(['queued']))
    expect(clicks.reduce((sum, { n }) => sum + n, 0)).toBe(end.clicksIntended)
    expect(end.clicksDone).toBe(end.clicksIntended)
  })
})
