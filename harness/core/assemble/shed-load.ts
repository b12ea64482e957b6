import { FIXES, type FixStep } from '../fixes/index.ts'
import type { Capacity, SurgeResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { armCapacity, shoppersOf } from './arm-capacity.ts'
import { surgesOf } from './today.ts'

type Carried = Pick<Capacity, 'perSec'>

/** Goodput "at capacity": what is missing up to here is the measurement's own noise. */
const AT_CAPACITY = 0.9
/** Orders of fewer shoppers than these tell too little of how many a shopper makes: by chance, a sixth more or less. */
const FEWEST_ORDERS = 36
/** Of the difference of two counts, in standard deviations (95 %). */
const SURELY = 1.96

/**
 * What a surge came to, and the share of requests that were held back. What is good is what a fix lets in: checkouts where
 * shoppers wait before they are in (clicks where nobody orders), clicks where each may be turned away.
 */
type Served = { readonly good: number; readonly heldBack: number }

/** Whether a fix turns shoppers or requests away, or has them wait, so that others are served. */
export function sheds(fixes: readonly FixStep[]): boolean {
  return fixes.some(({ id }) => FIXES[id].sheds !== undefined)
}

/** Whether it does so before shoppers are in: no capacity is searched for then. */
export function shedsShoppers(fixes: readonly FixStep[]): boolean {
  return fixes.some(({ id }) => FIXES[id].sheds === 'shoppers')
}

/**
 * The surge beyond capacity without such a fix and with it. It protects when the shop went on serving as much as it can
 * carry, and surely more than without it, while others waited or were turned away. `null`: not both surges were driven.
 *
 * As much as it can carry: of each second's shoppers those that are within capacity, with the orders or clicks of each.
 */
export function compareSurges(
  run: RunData,
  fixes: readonly FixStep[],
  capacity: Carried,
): { readonly protects: boolean; readonly says: string } | null {
  if (!sheds(fixes)) return null
  const surges = surgesOf(run)
  const on = (wanted: readonly FixStep[]) =>
    surges.find(({ arm, valid }) => valid && sameFixes(run, arm, wanted))
  const [without, beside] = [on([]), on(fixes)]
  if (!without || !beside) return null
  const usual = usualShopper(run)
  const orders = shedsShoppers(fixes) && usual.orders > 0
  if (orders && usual.orders < FEWEST_ORDERS)
    return { protects: false, says: `${usual.orders} orders in all steps that passed: too few to tell` }
  const carried = withinCapacity(beside, capacity) * ((orders ? usual.orders : usual.clicks) / usual.shoppers)
  const [before, after] = [served(run, without, orders), served(run, beside, orders)]
  const noise = SURELY * Math.sqrt(before.good + after.good)
  const what = orders ? 'orders' : 'clicks'
  return {
    protects: after.heldBack > 0 && after.good >= AT_CAPACITY * carried && after.good - before.good > noise,
    says: `with it the surge gets ${percent(after.good / carried)} of the ${what} that the shop can carry, without it ${percent(before.good / carried)}; ${percent(after.heldBack)} of all requests were turned away or told to wait`,
  }
}

/** Shoppers of a surge that are within capacity. */
function withinCapacity({ seconds }: SurgeResult, { perSec }: Carried): number {
  return seconds.reduce((sum, second) => sum + Math.min(second.arrivalsPerSec, perSec), 0)
}

/** What shoppers do whom nothing keeps from it: those of every step that passed, on whatever topology. */
function usualShopper(run: RunData): { shoppers: number; clicks: number; orders: number } {
  const passed = run.arms.flatMap(({ arm }) => {
    const { segments, steps } = armCapacity(run, arm)
    return segments.filter((_, index) => steps[index]?.verdict === 'pass')
  })
  return shoppersOf(passed)
}

function served(run: RunData, { segment, seconds }: SurgeResult, orders: boolean): Served {
  const good = seconds.reduce((sum, second) => sum + (orders ? second.goodCheckouts : second.good), 0)
  const slots = run.segments.find(({ line }) => line.segment === segment)?.slots ?? []
  // Attempts: a click that waits in line asks again and again, and may be served in the end.
  const attempts = slots.filter(({ of, sec }) => of === 'attempt' && sec >= 0)
  const all = attempts.reduce((sum, { n }) => sum + n, 0)
  const held = attempts
    .filter(({ outcome }) => outcome === 'shed' || outcome === 'queued')
    .reduce((sum, { n }) => sum + n, 0)
  return { good, heldBack: all > 0 ? held / all : 0 }
}

function sameFixes({ arms }: RunData, arm: number, wanted: readonly FixStep[]): boolean {
  return JSON.stringify(arms.find((line) => line.arm === arm)?.fixes) === JSON.stringify(wanted)
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
